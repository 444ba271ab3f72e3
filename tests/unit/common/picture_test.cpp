#include "common/picture.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <random>

#include "catch.hpp"

using namespace common;

namespace {

common::Message array(const std::string& dtype, std::vector<std::int64_t> shape) {
  std::size_t size = dtype == "uint16" ? 2 : 1;
  for (const auto side : shape) size *= static_cast<std::size_t>(side);
  common::Bytes bytes(size);
  std::mt19937 random(3);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  common::Message message;
  message.array = common::ArrayForm{dtype, std::move(shape)};
  message.payload = common::Payload(std::move(bytes));
  return message;
}

}  // namespace

TEST_CASE("arrays become PNG without loss") {
  for (const auto& [dtype, channels, depth] : {std::tuple{"uint8", 1, CV_8U},
                                               {"uint8", 3, CV_8U},
                                               {"uint8", 4, CV_8U},
                                               {"uint16", 1, CV_16U},
                                               {"uint16", 3, CV_16U}}) {
    INFO(dtype << ' ' << channels);
    const auto message = array(dtype, {5, 7, channels});
    CHECK_FALSE(cannot_store(*message.array));
    const StoredPicture stored = to_stored_picture(message);
    CHECK(stored.extension == ".png");
    const common::ByteView png = stored.bytes.view();
    const cv::Mat read = cv::imdecode(
        cv::Mat(1, static_cast<int>(png.size()), CV_8U, const_cast<std::uint8_t*>(png.data())), cv::IMREAD_UNCHANGED);
    REQUIRE(read.rows == 5);
    REQUIRE(read.cols == 7);
    REQUIRE(read.channels() == channels);
    REQUIRE(read.depth() == depth);
    REQUIRE(read.isContinuous());
    const common::ByteView sent = message.payload.view();
    CHECK(std::equal(sent.begin(), sent.end(), read.data, read.data + read.total() * read.elemSize()));
  }
}

TEST_CASE("an array of two dimensions is grey") {
  CHECK_FALSE(cannot_store({"uint8", {5, 7}}));
  CHECK_FALSE(cannot_store({"uint16", {5, 7}}));
  CHECK(to_stored_picture(array("uint8", {5, 7})).extension == ".png");
}

TEST_CASE("arrays that no PNG can hold are refused with the reason") {
  CHECK_THAT(*cannot_store({"uint8", {5, 7, 2}}), ContainsSubstring("2 channels of uint8"));
  CHECK_THAT(*cannot_store({"uint16", {5, 7, 4}}), ContainsSubstring("4 channels of uint16"));
  CHECK_THAT(*cannot_store({"float32", {5, 7, 3}}), ContainsSubstring("float32"));
  CHECK_THAT(*cannot_store({"uint8", {5}}), ContainsSubstring("2 or 3 dimensions"));
  CHECK(cannot_store({"uint8", {}}));
  CHECK(cannot_store({"uint8", {1, 2, 3, 4}}));
  CHECK(cannot_store({"uint8", {0, 7, 3}}));
  CHECK(cannot_store({"uint8", {1, 65'536, 3}}));
  CHECK(cannot_store({"uint8", {5, 7, 1'000'000'000'000}}));
}

TEST_CASE("a JPEG is stored as it came, without a copy") {
  common::Message message;
  message.payload = common::Payload(common::Bytes{0xFF, 0xD8, 0xFF, 0xD9});
  const StoredPicture stored = to_stored_picture(message);
  CHECK(stored.extension == ".jpg");
  CHECK(stored.bytes.view().data() == message.payload.view().data());
}
