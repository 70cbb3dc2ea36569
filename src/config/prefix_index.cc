#include "config/prefix_index.hh"

#include <algorithm>
#include <bit>

namespace cuttle {

namespace {

bool covers(const IpPrefix& wide, const IpPrefix& narrow) {
  return wide.length <= narrow.length && wide.contains(narrow.address);
}

}  // namespace

PrefixIndex::PrefixIndex(const std::vector<IpPrefix>& prefixes) {
  for (size_t i = 0; i < prefixes.size(); ++i) nodes_.push_back({prefixes[i], i});
  std::sort(nodes_.begin(), nodes_.end(), [](const Node& a, const Node& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : a.first < b.first;
  });
  nodes_.erase(std::unique(nodes_.begin(), nodes_.end(),
                           [](const Node& a, const Node& b) { return a.prefix == b.prefix; }),
               nodes_.end());
  lowest_.emplace_back();
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    size_t parent = i == 0 ? kNone : i - 1;
    while (parent != kNone && !covers(nodes_[parent].prefix, node.prefix)) parent = nodes_[parent].parent;
    node.parent = parent;
    node.first_up = parent == kNone ? node.first : std::min(node.first, nodes_[parent].first_up);
    lowest_[0].push_back(node.first);
  }
  for (size_t half = 1; half * 2 <= nodes_.size(); half *= 2) {
    const std::vector<size_t>& below = lowest_.back();
    std::vector<size_t> level(nodes_.size() - half * 2 + 1);
    for (size_t i = 0; i < level.size(); ++i) level[i] = std::min(below[i], below[i + half]);
    lowest_.push_back(std::move(level));
  }
}

size_t PrefixIndex::lowest(size_t begin, size_t end) const {
  if (begin == end) return kNone;
  const size_t level = static_cast<size_t>(std::bit_width(end - begin)) - 1;
  return std::min(lowest_[level][begin], lowest_[level][end - (size_t{1} << level)]);
}

std::optional<size_t> PrefixIndex::first_overlapping(const IpPrefix& other) const {
  // What begins within it,
  const auto begin = std::lower_bound(
      nodes_.begin(), nodes_.end(), other.address,
      [](const Node& node, const IpAddress& address) { return node.prefix.address < address; });
  const auto end = std::partition_point(
      begin, nodes_.end(), [&](const Node& node) { return other.contains(node.prefix.address); });
  const auto place = [&](const auto& node) { return static_cast<size_t>(node - nodes_.begin()); };
  size_t first = lowest(place(begin), place(end));
  // and what contains it and begins before it.
  size_t above = begin == nodes_.begin() ? kNone : place(begin) - 1;
  while (above != kNone && !covers(nodes_[above].prefix, other)) above = nodes_[above].parent;
  if (above != kNone) first = std::min(first, nodes_[above].first_up);
  return first == kNone ? std::nullopt : std::optional(first);
}

}  // namespace cuttle
