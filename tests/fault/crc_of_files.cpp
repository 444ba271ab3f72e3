// Reads names of files from standard input, one per line, and prints the CRC-32C and the size of each, or - when it
// cannot be read. Python's own would take minutes.

#include <cstdio>
#include <iostream>
#include <string>
#include <system_error>

#include "common/crc32c.hpp"
#include "common/disk.hpp"

int main() {
  common::Disk disk;
  common::Bytes bytes;
  for (std::string name; std::getline(std::cin, name);) {
    try {
      const auto file = disk.open(name, common::OpenMode::read);
      bytes.resize(file->size());
      bytes.resize(file->read(0, bytes));
      std::printf("%u %zu\n", common::crc32c(bytes), bytes.size());
    } catch (const std::system_error&) {
      std::puts("-");
    }
  }
  return 0;
}
