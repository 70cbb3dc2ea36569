#include "node/draw_log.hh"

namespace cuttle {

Result<std::unique_ptr<DrawLog>> DrawLog::open(const std::string& path) {
  auto file = open_debug_file("--debug-draws", path);
  if (!file) return tl::unexpected(file.error());
  std::fputs("link,release_ns,cells\n", file->get());
  return std::unique_ptr<DrawLog>(new DrawLog(std::move(*file)));
}

void DrawLog::write(const std::string& link, DrawnReleases& releases, int64_t wall_ns_at_zero) {
  while (const auto release = releases.pop()) {
    std::fprintf(file_.get(), "%s,%lld,%u\n", link.c_str(),
                 static_cast<long long>(release->drawn.ns + wall_ns_at_zero), release->cells);
  }
  std::fflush(file_.get());
}

}  // namespace cuttle
