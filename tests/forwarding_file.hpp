#pragma once

#include <utility>

#include "common/file_system.hpp"

/// A file that leaves everything to another one: tests override what is to go differently.
class ForwardingFile : public common::OpenFile {
 public:
  explicit ForwardingFile(common::OpenFilePtr file) : file_(std::move(file)) {}

  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override { return file_->read(offset, into); }
  void write(std::uint64_t offset, common::ByteView bytes) override { file_->write(offset, bytes); }
  Appended append(common::ByteView bytes) override { return file_->append(bytes); }
  std::uint64_t size() override { return file_->size(); }
  Identity identity() override { return file_->identity(); }
  void resize(std::uint64_t size) override { file_->resize(size); }
  void allocate(std::uint64_t size) override { file_->allocate(size); }
  void begin_sync() override { file_->begin_sync(); }
  void sync() override { file_->sync(); }

 private:
  common::OpenFilePtr file_;
};
