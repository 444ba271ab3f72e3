#include <dirent.h>
#include <dlfcn.h>
#include <gpiod.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

/// Put before a node with LD_PRELOAD: a computer with one GPIO chip, whose outputs are files in the folder $PINS: line
/// 23 is the file 23, with 1 or 0 in it, for as long as somebody has it. In the place of libgpiod, of which only
/// outputs by number are there; /dev is the folder $PINS/dev, in which the test puts the file gpiochip0 and links to
/// it.

namespace {

constexpr const char* kName = "gpiochip0";
constexpr const char* kLabel = "pinctrl-test";
constexpr unsigned kLines = 54;

std::string file_of(unsigned offset) {
  return std::string(std::getenv("PINS")) + '/' + std::to_string(offset);
}

/// In one piece, so that nobody reads half of it.
void write_level(unsigned offset, bool active) {
  const std::string file = file_of(offset);
  const std::string half = file + ".new";
  std::FILE* out = std::fopen(half.c_str(), "w");
  if (out == nullptr) return;
  std::fputs(active ? "1" : "0", out);
  std::fclose(out);
  std::rename(half.c_str(), file.c_str());
}

void forget(unsigned offset) {
  std::remove(file_of(offset).c_str());
}

}  // namespace

extern "C" DIR* opendir(const char* path) {
  using Open = DIR* (*)(const char*);
  static const auto real = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "opendir"));
  if (std::strcmp(path, "/dev") != 0) return real(path);
  return real((std::string(std::getenv("PINS")) + "/dev").c_str());
}

#if GPIOD_MAJOR == 1

struct gpiod_line {
  unsigned offset;
};

struct gpiod_chip {
  gpiod_line lines[kLines];
};

extern "C" {

gpiod_chip* gpiod_chip_open(const char*) {
  auto* chip = new gpiod_chip;
  for (unsigned i = 0; i < kLines; ++i) chip->lines[i].offset = i;
  return chip;
}
void gpiod_chip_close(gpiod_chip* chip) {
  delete chip;
}
const char* gpiod_chip_name(gpiod_chip*) {
  return kName;
}
const char* gpiod_chip_label(gpiod_chip*) {
  return kLabel;
}
unsigned gpiod_chip_num_lines(gpiod_chip*) {
  return kLines;
}
gpiod_line* gpiod_chip_find_line(gpiod_chip*, const char*) {
  return nullptr;
}
gpiod_line* gpiod_chip_get_line(gpiod_chip* chip, unsigned offset) {
  return &chip->lines[offset];
}
unsigned gpiod_line_offset(gpiod_line* line) {
  return line->offset;
}
int gpiod_line_request_output_flags(gpiod_line* line, const char*, int, int value) {
  write_level(line->offset, value != 0);
  return 0;
}
int gpiod_line_set_value(gpiod_line* line, int value) {
  write_level(line->offset, value != 0);
  return 0;
}
void gpiod_line_release(gpiod_line* line) {
  forget(line->offset);
}
}

#else

struct gpiod_chip {};
struct gpiod_chip_info {};
struct gpiod_line_request {
  unsigned offset;
};

extern "C" {

gpiod_chip* gpiod_chip_open(const char*) {
  return new gpiod_chip;
}
void gpiod_chip_close(gpiod_chip* chip) {
  delete chip;
}
gpiod_chip_info* gpiod_chip_get_info(gpiod_chip*) {
  return new gpiod_chip_info;
}
void gpiod_chip_info_free(gpiod_chip_info* info) {
  delete info;
}
const char* gpiod_chip_info_get_name(gpiod_chip_info*) {
  return kName;
}
const char* gpiod_chip_info_get_label(gpiod_chip_info*) {
  return kLabel;
}
size_t gpiod_chip_info_get_num_lines(gpiod_chip_info*) {
  return kLines;
}
int gpiod_chip_get_line_offset_from_name(gpiod_chip*, const char*) {
  return -1;
}
gpiod_line_request* gpiod_chip_request_lines(gpiod_chip*, gpiod_request_config*, gpiod_line_config* lines) {
  auto* request = new gpiod_line_request{};
  gpiod_line_config_get_configured_offsets(lines, &request->offset, 1);
  gpiod_line_settings* settings = gpiod_line_config_get_line_settings(lines, request->offset);
  write_level(request->offset, gpiod_line_settings_get_output_value(settings) == GPIOD_LINE_VALUE_ACTIVE);
  gpiod_line_settings_free(settings);
  return request;
}
int gpiod_line_request_set_value(gpiod_line_request* request, unsigned offset, gpiod_line_value value) {
  write_level(request->offset, value == GPIOD_LINE_VALUE_ACTIVE);
  return offset == request->offset ? 0 : -1;
}
void gpiod_line_request_release(gpiod_line_request* request) {
  forget(request->offset);
  delete request;
}
}

#endif
