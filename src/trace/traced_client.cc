#include "trace/traced_client.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/os_error.hh"
#include "io/child_process.hh"
#include "trace/client_records.hh"

namespace cuttle::trace {

namespace {

// Numbers that no descriptor of ours has, for the child.
constexpr int kChildLog = 200;
constexpr int kChildRecords = 201;

class SharedRecords {
 public:
  static Result<std::unique_ptr<SharedRecords>> make() {
    FileDescriptor memory(memfd_create("cuttle-trace", MFD_CLOEXEC));
    if (memory.get() < 0 || ftruncate(memory.get(), sizeof(ClientRecords)) != 0) {
      return failure(fmt::format("cannot make memory to share with the client: {}", os_error_text(errno)));
    }
    void* mapped = mmap(nullptr, sizeof(ClientRecords), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (mapped == MAP_FAILED) {
      return failure(fmt::format("cannot map memory to share with the client: {}", os_error_text(errno)));
    }
    return std::unique_ptr<SharedRecords>(
        new SharedRecords(std::move(memory), static_cast<ClientRecords*>(mapped)));
  }
  ~SharedRecords() { munmap(records_, sizeof(ClientRecords)); }
  SharedRecords(const SharedRecords&) = delete;
  SharedRecords& operator=(const SharedRecords&) = delete;

  int fd() const { return memory_.get(); }
  const ClientRecords& records() const { return *records_; }

 private:
  SharedRecords(FileDescriptor memory, ClientRecords* records)
      : memory_(std::move(memory)), records_(records) {}
  FileDescriptor memory_;
  ClientRecords* records_;
};

void take_record(const ClientRecord& record, Observation& observation) {
  const auto kind = static_cast<RecordKind>(record.kind.load(std::memory_order_acquire));
  if (kind == RecordKind::clock) {
    observation.readings.push_back({record.thread, record.ns});
    return;
  }
  if (record.call >= kCalls) return;
  CallRecord& call = observation.calls[record.call];
  switch (kind) {
    case RecordKind::begin:
      call.begin_ns = record.ns;
      break;
    case RecordKind::end:
      call.end_ns = record.ns;
      call.result = record.result;
      break;
    case RecordKind::version:
      observation.version = record.result;
      observation.version_ns = record.ns;
      break;
    case RecordKind::elapsed:
      observation.elapsed_ns = record.result;
      break;
    case RecordKind::size:
      observation.bytes = static_cast<uint64_t>(record.result);
      break;
    case RecordKind::clock:
      break;
  }
}

void take_records(const ClientRecords& records, Observation& observation) {
  const size_t used = std::min<size_t>(records.used.load(std::memory_order_acquire), kMaxRecords);
  for (size_t i = 0; i < used; ++i) take_record(records.records[i], observation);
}

class LogReader {
 public:
  LogReader(Observation& observation, const std::string& copy) : observation_(observation) {
    if (!copy.empty()) copy_.open(copy, std::ios::trunc);
  }
  // Whole lines are parsed; the rest waits for more.
  void take(std::string& text) {
    size_t from = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
      const std::string_view line = std::string_view(text).substr(from, end - from);
      if (auto parsed = parse_log_line(line)) observation_.lines.push_back(std::move(*parsed));
      if (copy_.is_open() && !line.empty()) copy_ << without_secrets(line) << '\n';
      from = end + 1;
    }
    text.erase(0, from);
  }

 private:
  Observation& observation_;
  std::ofstream copy_;
};

}  // namespace

Result<std::string> find_client_program() {
  constexpr const char* kName = "cuttle-trace-client";
  if (const char* path = std::getenv("CUTTLE_TRACE_CLIENT")) return std::string(path);
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& folder : {here, here / "../libexec/cuttle", here / "../trace/client", here / "../client",
                             here / "../../trace/client"}) {
    if (access((folder / kName).c_str(), X_OK) == 0) return (folder / kName).lexically_normal().string();
  }
  return failure(
      fmt::format("{} is neither beside this program nor in ../libexec/cuttle; set CUTTLE_TRACE_CLIENT to "
                  "its path",
                  kName));
}

Result<Observation> run_client(const ClientOptions& options, const OperationWanted& wanted, Instant deadline,
                               const std::string& log_copy) {
  auto log = make_pipe();
  if (!log) return tl::unexpected(log.error());
  auto shared = SharedRecords::make();
  if (!shared) return tl::unexpected(shared.error());
  const double left_s = static_cast<double>((deadline - steady_now()).ns) * 1e-9;
  std::vector<std::string> arguments = {options.program, wanted.put ? "put" : "get",
                                        "--name",        options.name,
                                        "--timeout",     fmt::format("{:.3f}", std::max(left_s, 0.1)),
                                        "--log-fd",      std::to_string(kChildLog),
                                        "--records-fd",  std::to_string(kChildRecords)};
  if (!options.configuration.empty()) arguments.insert(arguments.end(), {"--conf", options.configuration});
  arguments.insert(arguments.end(), {"--", wanted.pool, wanted.object, wanted.file});
  auto child =
      ChildProcess::start(arguments, {{log->writing.get(), kChildLog}, {(*shared)->fd(), kChildRecords}});
  if (!child) return tl::unexpected(child.error());
  log->writing = FileDescriptor();

  Observation observation;
  observation.put = wanted.put;
  observation.pool = wanted.pool;
  observation.object = wanted.object;
  observation.timeout_s = options.timeout_s;
  LogReader reader(observation, log_copy);
  std::string text;
  bool at_end = false;
  while (read_more(log->reading.get(), deadline, text, at_end)) reader.take(text);
  const std::optional<int> status = child->wait_until(deadline);
  if (!status) {
    observation.timed_out = true;
    child->end();
  }
  take_records((*shared)->records(), observation);
  if (status == 2) return failure("the traced client could not begin, see above");
  if (status && *status >= 126 && !observation.calls[0].begin_ns) {
    return failure(
        fmt::format("{} does not run (status {}); is librados installed?", options.program, *status));
  }
  return observation;
}

}  // namespace cuttle::trace
