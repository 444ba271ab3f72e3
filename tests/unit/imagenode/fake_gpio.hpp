#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "imagenode/gpio/gpio_chip.hpp"

/// Chips of memory. gpiochip0 has the pins of a Pi, unless a test takes it away. Lives longer than what it gives.
/// Several threads may have lines, and a test may look at whether they are on meanwhile.
class FakeGpio {
 public:
  /// An atomic bool that can be copied with its line.
  class Flag {
   public:
    Flag() = default;
    Flag(const Flag& other) : value_(other.value_.load()) {}
    Flag& operator=(const Flag& other) { return *this = other.value_.load(); }
    Flag& operator=(bool value) {
      value_ = value;
      return *this;
    }
    operator bool() const { return value_; }

   private:
    std::atomic<bool> value_{false};
  };

  struct Line {
    Flag active;
    std::deque<std::vector<imagenode::Edge>> edges;  // what each waiting brings; then it lasts until the end
    std::vector<std::int64_t> waits;                 // until when
    Flag fails;
    // As it was taken.
    Flag is_taken;
    bool active_low = false;
    imagenode::Pull pull = imagenode::Pull::as_is;
  };
  struct Chip {
    std::string name;
    std::string label;
    std::map<std::string, unsigned> names;  // of lines
    std::map<unsigned, Line> lines;         // those that somebody has asked for
    std::string link = "";                  // another name that it has
  };

  std::vector<Chip> all{{"gpiochip0", "pinctrl-bcm2711", {{"GPIO17", 17}}, {}}};

  Line& line(unsigned offset) { return line_of(all.front(), offset); }

  imagenode::GpioChips chips() {
    return [this] {
      std::vector<std::unique_ptr<imagenode::GpioChip>> chips;
      for (Chip& chip : all) chips.push_back(std::make_unique<TheChip>(*this, chip));
      return chips;
    };
  }

 private:
  /// Taken while it lives.
  struct Taken {
    explicit Taken(Line& given) : line(given) {
      if (line.is_taken || line.fails) throw imagenode::GpioError("in use, or broken");
      line.is_taken = true;
    }
    ~Taken() { line.is_taken = false; }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    Line& working() const {
      if (line.fails) throw imagenode::GpioError("the line has gone");
      return line;
    }
    Line& line;
  };

  class Input final : public imagenode::InputLine {
   public:
    explicit Input(Line& line) : taken_(line) {}
    bool is_active() override { return taken_.working().active; }
    std::vector<imagenode::Edge> wait(const std::stop_token&, std::int64_t until_ns) override {
      Line& line = taken_.working();
      line.waits.push_back(until_ns);
      if (line.edges.empty()) return {};
      const auto edges = line.edges.front();
      line.edges.pop_front();
      return edges;
    }

   private:
    const Taken taken_;
  };

  class Output final : public imagenode::OutputLine {
   public:
    explicit Output(Line& line) : taken_(line) {}
    void set(bool active) override { taken_.working().active = active; }

   private:
    const Taken taken_;
  };

  class TheChip final : public imagenode::GpioChip {
   public:
    TheChip(FakeGpio& gpio, Chip& chip) : gpio_(gpio), chip_(chip) {
      if (!chip.link.empty()) also_called(chip.link);
    }
    std::string name() const override { return chip_.name; }
    std::string label() const override { return chip_.label; }
    unsigned line_count() const override { return 54; }
    std::optional<unsigned> find(const std::string& line) const override {
      const auto found = chip_.names.find(line);
      if (found == chip_.names.end()) return std::nullopt;
      return found->second;
    }
    std::unique_ptr<imagenode::InputLine> input(unsigned offset, bool active_low, imagenode::Pull pull) override {
      Line& line = gpio_.line_of(chip_, offset);
      auto input = std::make_unique<Input>(line);
      line.active_low = active_low;
      line.pull = pull;
      return input;
    }
    std::unique_ptr<imagenode::OutputLine> output(unsigned offset, bool active_low, bool active) override {
      Line& line = gpio_.line_of(chip_, offset);
      auto output = std::make_unique<Output>(line);
      line.active_low = active_low;
      line.active = active;
      return output;
    }

   private:
    FakeGpio& gpio_;
    Chip& chip_;
  };

  Line& line_of(Chip& chip, unsigned offset) {
    const std::lock_guard lock(mutex_);
    return chip.lines[offset];
  }

  std::mutex mutex_;
};
