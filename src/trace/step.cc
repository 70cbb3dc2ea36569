#include "trace/step.hh"

namespace cuttle::trace {

namespace {

struct Names {
  Section section;
  const char* name;
  const char* title;
};

constexpr Names kNames[] = {
    {Section::configure, "configure", "rados_create2, rados_conf_read_file: configuration and defaults"},
    {Section::bootstrap, "bootstrap",
     "rados_connect, first half: the monitor map and the central configuration"},
    {Section::connect, "connect", "rados_connect, second half: messenger, authentication, Objecter"},
    {Section::pool, "pool", "rados_ioctx_create: the OSD map, the pool in it"},
    {Section::operate, "operate", "the operation"},
};

}  // namespace

const char* section_name(Section section) {
  return kNames[static_cast<size_t>(section)].name;
}

const char* section_title(Section section) {
  return kNames[static_cast<size_t>(section)].title;
}

std::optional<Section> section_from(const std::string& name) {
  for (const Names& names : kNames) {
    if (names.name == name) return names.section;
  }
  return std::nullopt;
}

const char* source_name(Source source) {
  constexpr const char* kSources[] = {"call", "log", "history", "both ends"};
  return kSources[static_cast<size_t>(source)];
}

}  // namespace cuttle::trace
