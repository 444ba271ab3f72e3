// Time of the parts that every message passes, by Google Benchmark.
//
//   build/release/bin/parts_bench [--benchmark_filter=...]

#include <benchmark/benchmark.h>

#include <filesystem>

#include "bench/scene.hpp"
#include "common/crc32c.hpp"
#include "common/disk.hpp"
#include "common/jpeg.hpp"
#include "common/wire.hpp"
#include "imagehub/index/index.hpp"
#include "imagehub/index/seq_ranges.hpp"
#include "imagenode/detect/picture_maker.hpp"
#include "imagenode/link/outbox.hpp"
#include "imagenode/link/stamper.hpp"

namespace {

const bench::Clip& clip() {
  static const bench::Clip clip = bench::read_clip(BENCH_DATA "/bench-640x480.avi");
  return clip;
}

const common::Bytes& next_jpeg() {
  static std::size_t at = 0;
  return clip().frames[at++ % clip().frames.size()];
}

void decode_gray(benchmark::State& state) {
  common::Image gray;
  for (auto _ : state) common::decode_gray(next_jpeg(), static_cast<int>(state.range(0)), gray);
}
BENCHMARK(decode_gray)->Arg(1)->Arg(2)->Arg(4)->Arg(8);

void decode_bgr(benchmark::State& state) {
  common::Image bgr;
  for (auto _ : state) common::decode_bgr(next_jpeg(), static_cast<int>(state.range(0)), bgr);
}
BENCHMARK(decode_bgr)->Arg(1)->Arg(2)->Arg(4)->Arg(8);

void encode(benchmark::State& state) {
  common::Image bgr;
  common::decode_bgr(next_jpeg(), 1, bgr);
  for (auto _ : state) benchmark::DoNotOptimize(common::encode_jpeg(bgr));
}
BENCHMARK(encode);

imagenode::DetectorSettings detector_settings(const char* yaml) {
  auto file = common::SettingsFile::parse(yaml, "");
  auto root = file.root();
  return imagenode::read_detectors(root).front();
}

imagenode::Frame next_frame() {
  return {imagenode::PixelForm::jpeg, clip().width, clip().height, common::Payload(next_jpeg(), nullptr), {}, 0};
}

/// Decoding included: what a frame costs a camera's thread.
void judge(benchmark::State& state, const imagenode::DetectorSettings& settings) {
  const auto detector = settings.make(settings.roi, {static_cast<int>(state.range(0)), imagenode::Decoding::luminance});
  for (auto _ : state) {
    const imagenode::Frame frame = next_frame();
    benchmark::DoNotOptimize(detector->judge(frame, nullptr));
    frame.trim();
  }
}

void judge_motion(benchmark::State& state) {
  judge(state, detector_settings("detectors: {motion: {blur_kernel_size: 15}}"));
}
BENCHMARK(judge_motion)->Arg(1)->Arg(2)->Arg(4)->Arg(8);

void judge_color(benchmark::State& state) {
  judge(state, detector_settings("detectors: {color: {ROI: '(40, 30), (60, 50)'}}"));
}
BENCHMARK(judge_color)->Arg(1)->Arg(2)->Arg(4)->Arg(8);

/// From the camera's JPEG to what is sent of it; nothing is decoded for a detector.
void make_picture(benchmark::State& state, const char* send, int quality) {
  const std::string yaml = std::string("detectors: {motion: {ROI: '(25, 25), (75, 75)', send: ") + send + "}}";
  const auto settings = detector_settings(yaml.c_str());
  const imagenode::PictureMaker pictures(imagenode::SendType::jpg, quality, {settings});
  std::size_t bytes = 0;
  for (auto _ : state) {
    const imagenode::Frame frame = next_frame();
    common::Message message;
    pictures.put(frame, settings.form, message);
    bytes += message.payload.size();
    frame.trim();
  }
  state.counters["bytes"] = benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
}
BENCHMARK_CAPTURE(make_picture, full, "full", common::kJpegQuality);
BENCHMARK_CAPTURE(make_picture, roi, "roi", common::kJpegQuality);
BENCHMARK_CAPTURE(make_picture, roi_85, "roi", 85);
BENCHMARK_CAPTURE(make_picture, gray, "gray", common::kJpegQuality);
BENCHMARK_CAPTURE(make_picture, roi_gray, "[roi, gray]", common::kJpegQuality);

void crc(benchmark::State& state) {
  const common::Bytes bytes(64 * 1024, 7);
  for (auto _ : state) {
    benchmark::DoNotOptimize(state.range(0) == 0 ? common::crc32c(bytes) : common::crc32c_by_table(bytes));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
  state.SetLabel(state.range(0) == 0 ? "instruction" : "table");
}
BENCHMARK(crc)->Arg(0)->Arg(1);

common::Message image() {
  common::Message message;
  message.text = "Barn door|jpg";
  message.node = "Barn";
  message.view = "door";
  message.boot = 77;
  message.seq = 4711;
  message.time_ns = 1'795'168'800'123'456'789;
  message.payload = common::Payload(next_jpeg());
  message.crc = common::crc32c(message.payload.view());
  return message;
}

void encode_metadata(benchmark::State& state) {
  const common::Message message = image();
  for (auto _ : state) benchmark::DoNotOptimize(common::encode_metadata(message, 2100));
}
BENCHMARK(encode_metadata);

void decode_message(benchmark::State& state) {
  const common::Message message = image();
  const std::string metadata = common::encode_metadata(message, 2100);
  for (auto _ : state) benchmark::DoNotOptimize(common::decode_message(metadata, message.payload));
}
BENCHMARK(decode_message);

void pass_through_outbox(benchmark::State& state) {
  const common::SystemClock clock;
  imagenode::Outbox outbox({64'000'000});
  imagenode::Stamper stamper(77, clock, {&outbox});
  const common::Message message = image();
  for (auto _ : state) {
    stamper.put(message);
    outbox.delivered(imagenode::identity_of(*outbox.take(common::DeliveryClass::image)));
  }
}
BENCHMARK(pass_through_outbox);

void remember_identity(benchmark::State& state) {
  imagehub::SeqRanges ranges;
  std::uint64_t seq = 0;
  for (auto _ : state) {
    ranges.insert(++seq);
    if (seq % 100 == 0) ranges.clear_changes();
  }
}
BENCHMARK(remember_identity);

/// One transaction with this many images, on the disk of the current folder.
void commit_group(benchmark::State& state) {
  const std::filesystem::path file = "parts_bench.sqlite3";
  {
    common::Disk disk;
    imagehub::Index index(disk, file, imagehub::Durability::synced);
    imagehub::ImageRow row;
    row.identity = imagehub::Identity{1, 0};
    row.node = "Barn";
    row.text = "Barn door|jpg";
    row.path = "2026-11-20/Barn-door-2026-11-20T08.18.31.809000.jpg";
    for (auto _ : state) {
      imagehub::Index::Transaction transaction(index);
      for (std::int64_t i = 0; i < state.range(0); ++i) {
        ++row.identity->seq;
        index.add(row);
      }
      transaction.commit();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
}
BENCHMARK(commit_group)->Arg(1)->Arg(10)->Arg(80)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
