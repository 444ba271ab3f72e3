#include "imagenode/line/registry.hpp"

#include <map>

namespace imagenode {
namespace {

/// Made at its first use, since the kinds register themselves in no particular order.
template <typename Reader>
std::map<std::string, Reader>& readers() {
  static std::map<std::string, Reader> registered;
  return registered;
}

template <typename Reader>
std::vector<std::string> kinds() {
  std::vector<std::string> found;
  for (const auto& [kind, reader] : readers<Reader>()) found.push_back(kind);
  return found;
}

}  // namespace

RegisterTransport::RegisterTransport(const char* kind, TransportReader reader) {
  readers<TransportReader>().emplace(kind, reader);
}

RegisterFormat::RegisterFormat(const char* kind, FormatReader reader) {
  readers<FormatReader>().emplace(kind, reader);
}

RegisterFraming::RegisterFraming(const char* kind, FramingReader reader) {
  readers<FramingReader>().emplace(kind, reader);
}

std::vector<std::string> transport_kinds() {
  return kinds<TransportReader>();
}

std::vector<std::string> format_kinds() {
  return kinds<FormatReader>();
}

std::vector<std::string> framing_kinds() {
  return kinds<FramingReader>();
}

TransportKind read_transport(const std::string& kind, common::Section& section) {
  return readers<TransportReader>().at(kind)(section);
}

FormatKind read_format(const std::string& kind, common::Section& section) {
  return readers<FormatReader>().at(kind)(section);
}

FramingMaker read_framing(const std::string& kind, common::Section& section, const FormatKind& format) {
  return readers<FramingReader>().at(kind)(section, format);
}

}  // namespace imagenode
