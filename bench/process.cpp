#include "bench/process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "common/files.hpp"
#include "common/text.hpp"
#include "imagehub/control.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using common::cat;

fs::path path_of(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  return fs::read_symlink("/proc/self/exe").parent_path() / program;
}

/// Asks the hub until it says where it listens.
std::string wait_for_address(const Process& hub, const fs::path& data) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline && hub.running()) {
    if (const auto answer = imagehub::ask_hub(imagehub::control_path(data), "status")) {
      return nlohmann::json::parse(*answer).at("addresses").at(0).get<std::string>();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("the hub did not start; see " + (data.parent_path() / "imagehub.out").string());
}

}  // namespace

Process::Process(const std::string& program, const std::vector<std::string>& arguments, const fs::path& log,
                 const std::string& net_namespace) {
  const std::string path = path_of(program).string();
  std::vector<std::string> words{path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ != 0) return;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  if (!net_namespace.empty()) enter_net_namespace(net_namespace);
  ::execv(path.c_str(), argv.data());
  ::_exit(127);
}

Process::~Process() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::running() const {
  return ::waitpid(pid_, nullptr, WNOHANG) == 0;
}

double Process::cpu_seconds() const {
  double total_ns = 0;
  for (const auto& task : fs::directory_iterator(cat("/proc/", pid_, "/task"))) {
    std::ifstream in(task.path() / "schedstat");
    double on_cpu_ns = 0;
    in >> on_cpu_ns;
    total_ns += on_cpu_ns;
  }
  return total_ns / 1e9;
}

double Process::resident_mb() const {
  std::ifstream in(cat("/proc/", pid_, "/status"));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  return 0;
}

void enter_net_namespace(const std::string& name) {
  const common::UniqueFd ns(::open(cat("/run/netns/", name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!ns || ::setns(ns.get(), CLONE_NEWNET) != 0) throw std::runtime_error("cannot enter network namespace " + name);
}

ScratchFolder::ScratchFolder(const fs::path& parent, AtEnd at_end) : at_end_(at_end) {
  std::string name = (fs::absolute(parent) / "bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + parent.string());
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (at_end_ == AtEnd::remove) fs::remove_all(path_, ignored);
}

HubProcess::HubProcess(const fs::path& parent, const std::vector<std::string>& settings, const std::string& address,
                       const std::string& net_namespace)
    : folder_(parent),
      process_("imagehub", {"--config", prepare(settings, address).string()}, folder_.path() / "imagehub.out",
               net_namespace),
      address_(wait_for_address(process_, folder_.path() / "imagehub_data")) {}

fs::path HubProcess::prepare(const std::vector<std::string>& settings, const std::string& address) const {
  const fs::path file = folder_.path() / "imagehub.yaml";
  std::ofstream out(file);
  out << "hub:\n  address: " << address << '\n';
  for (const auto& line : settings) out << "  " << line << '\n';
  return file;
}

}  // namespace bench
