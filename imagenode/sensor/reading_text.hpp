#pragma once

#include <string>

#include "imagenode/reading/reading.hpp"

/// How numbers are written, and the events of the kinds that the Python node did not have.
namespace imagenode {

/// "48.39 %": three digits behind the point at most, three in all of what is smaller than 1 or needs more than fifteen;
/// a unit may be empty.
std::string shown(double value, const std::string& unit);

/// "sensor <label>|48.39 %"; of several fields "sensor <label>|humidity 48.39 %, temperature 21.5 C". A
/// | in a name or unit is written as /.
std::string text_of(const std::string& label, const Reading& reading);

}  // namespace imagenode
