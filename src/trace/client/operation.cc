#include "operation.hh"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "recorder.hh"

namespace cuttle::trace {

namespace {

constexpr size_t kMaxBytes = size_t{1}
                             << 26;  // 64 MiB: OSDs refuse larger writes (osd_max_write_size, 90 MB)

template <typename Function>
int recorded(Call call, Function function) {
  record_now(RecordKind::begin, call, 0);
  const int status = function();
  record_now(RecordKind::end, call, status);
  return status;
}

bool load(const std::string& path, std::vector<char>& bytes) {
  std::ifstream file(path, std::ios::binary);
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (!file.bad() && file.is_open() && bytes.size() <= kMaxBytes) return true;
  std::fprintf(stderr, "%s: cannot read it, or it is larger than 64 MiB\n", path.c_str());
  return false;
}

bool save(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.flush();
  if (file) return true;
  std::fprintf(stderr, "%s: cannot write it; is the folder there and the disk not full?\n", path.c_str());
  return false;
}

// As far as possible; what was created is closed by the caller.
int operate(const ClientSettings& settings, const Operation& operation, std::vector<char>& bytes,
            rados_t& handle, rados_ioctx_t& pool) {
  const auto began = std::chrono::steady_clock::now();
  int status = recorded(Call::create, [&] { return create_handle(settings, &handle); });
  if (status < 0) return status;
  status = recorded(Call::configure, [&] { return configure_handle(settings, handle); });
  if (status < 0) return status;
  status = recorded(Call::connect, [&] { return rados_connect(handle); });
  if (status < 0) return status;
  status =
      recorded(Call::open_pool, [&] { return rados_ioctx_create(handle, operation.pool.c_str(), &pool); });
  if (status < 0) return status;
  status = recorded(Call::operate, [&] {
    return operation.put ? rados_write_full(pool, operation.object.c_str(), bytes.data(), bytes.size())
                         : rados_read(pool, operation.object.c_str(), bytes.data(), bytes.size(), 0);
  });
  const auto took = std::chrono::steady_clock::now() - began;
  if (status < 0) return status;
  record_now(RecordKind::version, Call::operate, static_cast<int64_t>(rados_get_last_version(pool)));
  record_now(RecordKind::elapsed, Call::operate,
             std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  if (!operation.put) bytes.resize(static_cast<size_t>(status));
  record_now(RecordKind::size, Call::operate, static_cast<int64_t>(bytes.size()));
  return 0;
}

}  // namespace

int run_operation(const ClientSettings& settings, const Operation& operation) {
  std::vector<char> bytes;
  if (operation.put) {
    if (!load(operation.file, bytes)) return 2;
  } else {
    bytes.resize(kMaxBytes);
  }
  rados_t handle = nullptr;
  rados_ioctx_t pool = nullptr;
  const int status = operate(settings, operation, bytes, handle, pool);
  record_now(RecordKind::begin, Call::close, 0);
  if (pool != nullptr) rados_ioctx_destroy(pool);
  if (handle != nullptr) rados_shutdown(handle);
  record_now(RecordKind::end, Call::close, 0);
  if (status == 0 && !operation.put && !save(operation.file, bytes)) return 2;
  return status == 0 ? 0 : 1;
}

}  // namespace cuttle::trace
