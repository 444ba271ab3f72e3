#pragma once

#include <string>

#include "imagenode/reading/reading.hpp"

namespace imagenode {

/// The fields, and units as far as they are told, in what a program says of a measurement:
///   21.5  or  21.5 C           one number, the field `value`
///   {"temperature": 21.5}      a JSON object; True and False are 1 and 0, all else in it is passed over
///   temp=48.3'C fan=1200       pairs, between spaces, lines, commas or semicolons; words without a number are passed
///   over
/// Throws SensorError when there is no number, or more than a message may have.
Reading parse_program_output(const std::string& output);

}  // namespace imagenode
