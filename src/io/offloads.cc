#include "io/offloads.hh"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"

namespace cuttle {
namespace {

constexpr int kDeepestStack = 4;  // VLAN on a bridge on a bond on a card

// One request of ethtool about an interface. `command` begins with its number, as all of them do.
int ask(int socket, std::string_view interface, void* command) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  return ::ioctl(socket, SIOCETHTOOL, &request);
}

// A structure of ethtool's that ends in an array, in memory that suits it.
template <typename Command>
class Flexible {
 public:
  explicit Flexible(size_t array_bytes) : words_((sizeof(Command) + array_bytes + 7) / 8) {}
  Command* get() { return reinterpret_cast<Command*>(words_.data()); }
  Command* operator->() { return get(); }

 private:
  std::vector<uint64_t> words_;
};

Result<std::vector<std::string>> feature_names(int socket, std::string_view interface) {
  Flexible<ethtool_sset_info> info(sizeof(uint32_t));
  info->cmd = ETHTOOL_GSSET_INFO;
  info->sset_mask = 1ULL << ETH_SS_FEATURES;
  if (ask(socket, interface, info.get()) != 0) {
    return os_failure(std::string(interface) + ": its features cannot be read", errno);
  }
  const uint32_t count = info->sset_mask == 0 ? 0 : info->data[0];
  Flexible<ethtool_gstrings> strings(size_t{count} * ETH_GSTRING_LEN);
  strings->cmd = ETHTOOL_GSTRINGS;
  strings->string_set = ETH_SS_FEATURES;
  strings->len = count;
  if (ask(socket, interface, strings.get()) != 0) {
    return os_failure(std::string(interface) + ": its features cannot be read", errno);
  }
  std::vector<std::string> names;
  for (uint32_t i = 0; i < count; ++i) {
    const char* name = reinterpret_cast<const char*>(strings->data) + size_t{i} * ETH_GSTRING_LEN;
    names.emplace_back(name, ::strnlen(name, ETH_GSTRING_LEN));
  }
  return names;
}

void add_cards(const std::string& interface, int depth, std::vector<std::string>& cards) {
  const std::filesystem::path folder = std::filesystem::path("/sys/class/net") / interface;
  std::error_code error;
  if (std::filesystem::exists(folder / "device", error)) {
    if (std::find(cards.begin(), cards.end(), interface) == cards.end()) cards.push_back(interface);
    return;
  }
  if (depth == kDeepestStack) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    constexpr std::string_view kLower = "lower_";
    const std::string name = entry.path().filename();
    if (name.rfind(kLower, 0) == 0) add_cards(name.substr(kLower.size()), depth + 1, cards);
  }
}

// The names of the features that are on.
Result<std::set<std::string>> active_features(std::string_view interface) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return os_failure("cannot open a socket", errno);
  const auto names = feature_names(socket.get(), interface);
  if (!names) return tl::unexpected(names.error());
  const size_t blocks = (names->size() + 31) / 32;
  Flexible<ethtool_gfeatures> features(blocks * sizeof(ethtool_get_features_block));
  features->cmd = ETHTOOL_GFEATURES;
  features->size = static_cast<uint32_t>(blocks);
  if (ask(socket.get(), interface, features.get()) != 0) {
    return os_failure(std::string(interface) + ": its features cannot be read", errno);
  }
  std::set<std::string> active;
  for (size_t at = 0; at < names->size(); ++at) {
    if ((features->features[at / 32].active >> (at % 32) & 1) != 0) active.insert((*names)[at]);
  }
  return active;
}

}  // namespace

Result<TrainOffload> train_offload(std::string_view interface) {
  const auto active = active_features(interface);
  if (!active) return tl::unexpected(active.error());
  return TrainOffload{active->contains("tx-udp-segmentation"),
                      active->contains("tx-checksum-ipv4") || active->contains("tx-checksum-ipv6") ||
                          active->contains("tx-checksum-ip-generic")};
}

bool forwards_by_itself(std::string_view interface) {
  const auto active = active_features(interface);
  return active && active->contains("hw-tc-offload");
}

std::vector<std::string> cards_of(std::string_view interface) {
  std::vector<std::string> cards;
  add_cards(std::string(interface), 0, cards);
  return cards;
}

bool kernel_cuts_without_checksums() {
  utsname name{};
  int major = 0;
  int minor = 0;
  if (::uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 11);
}

}  // namespace cuttle
