#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/line/format.hpp"
#include "imagenode/line/framing.hpp"
#include "imagenode/line/transport.hpp"

/// The kinds of transports, formats and framings by name. A kind registers itself at the end of its .cpp file, before
/// main begins; adding one touches no other file. Read-only afterwards, so any thread may ask.
namespace imagenode {

struct TransportKind {
  TransportMaker make;         ///< with the settings of the kind bound in
  bool begins_inside = false;  ///< whether its streams may begin in the middle of a row
  bool writable = true;
};
using TransportReader = TransportKind (*)(common::Section& section);

struct FormatKind {
  std::function<std::unique_ptr<LineFormat>()> make;
  std::size_t bytes = 0;  ///< of a frame; 0 when they are of any length
};
using FormatReader = FormatKind (*)(common::Section& section);

using FramingReader = FramingMaker (*)(common::Section& section, const FormatKind& format);

struct RegisterTransport {
  RegisterTransport(const char* kind, TransportReader reader);
};
struct RegisterFormat {
  RegisterFormat(const char* kind, FormatReader reader);
};
struct RegisterFraming {
  RegisterFraming(const char* kind, FramingReader reader);
};

/// Each in alphabetical order.
std::vector<std::string> transport_kinds();
std::vector<std::string> format_kinds();
std::vector<std::string> framing_kinds();

/// `kind` is one of those.
TransportKind read_transport(const std::string& kind, common::Section& section);
FormatKind read_format(const std::string& kind, common::Section& section);
FramingMaker read_framing(const std::string& kind, common::Section& section, const FormatKind& format);

}  // namespace imagenode
