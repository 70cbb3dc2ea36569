// Hosts for the mesh's tests: keys from a number, entries that are proved.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "mesh/reconcile.hh"

namespace cuttle::mesh {

struct TestHost {
  SigningKey identity;
  Entry entry;

  std::string to_string() const { return to_json(entry); }
  void say_anew() {
    ++entry.counter;
    entry.signature.reset();
    prove(entry, identity);
  }
};

inline std::array<uint8_t, kKeySize> bytes(int number, uint8_t kind) {
  std::array<uint8_t, kKeySize> bytes{};
  bytes[4] = static_cast<uint8_t>(number);  // not the first, of which X25519 clears bits
  bytes[5] = static_cast<uint8_t>(number >> 8);
  bytes[2] = kind;
  bytes[31] = 1;
  return bytes;
}

inline PublicKey test_key(int number) {
  return PrivateKey::from_random(bytes(number, 1)).public_key();
}

inline IpAddress address(const std::string& text) {
  return *IpAddress::parse(text);
}

// 10.0.0.NUMBER, with an entry of number 1.
inline TestHost test_host(int number, std::string name = {}) {
  TestHost host{SigningKey::from_random(bytes(number, 2)), {}};
  host.entry.host = name.empty() ? "osd" + std::to_string(number) : std::move(name);
  host.entry.identity = host.identity.verifying_key();
  host.entry.key = test_key(number);
  host.entry.endpoint = {address("10.0.0." + std::to_string(number)), 4410};
  host.entry.addresses = {host.entry.endpoint.address};
  host.say_anew();
  return host;
}

// Its last word.
inline Entry tombstone(const TestHost& host, uint64_t counter) {
  Entry left;
  left.host = host.entry.host;
  left.identity = host.entry.identity;
  left.left = true;
  left.counter = counter;
  prove(left, host.identity);
  return left;
}

inline StoreView view_of(const std::vector<TestHost>& hosts) {
  StoreView view;
  for (const TestHost& host : hosts) view.entries[host.entry.host] = host.to_string();
  return view;
}

// osd9 looks, at 10.0.0.9; this is root's file there.
inline constexpr char kRootsFile[] =
    "[node]\nname = \"osd9\"\nprivate_key_file = \"k\"\nlisten = \"10.0.0.9:4410\"\n"
    "[mesh]\npeers = \"/p.toml\"\nnetworks = [\"10.0.0.0/24\"]\n";

// Root's file that has these bounds.
inline std::string roots_file(const Bounds& bounds) {
  const auto list = [](const auto& items) {
    std::string text;
    for (const auto& item : items) text += (text.empty() ? "\"" : ", \"") + item.to_string() + "\"";
    return "[" + text + "]";
  };
  std::string text = "[node]\nname = \"osd9\"\nprivate_key_file = \"k\"\nlisten = \"" +
                     bounds.listen.value_or(bounds.own->endpoint).to_string() + "\"\n";
  if (!bounds.sources.empty()) text += "addresses = " + list(bounds.sources) + "\n";
  text += "[mesh]\npeers = \"/p.toml\"\n";
  if (!bounds.networks.empty()) text += "networks = " + list(bounds.networks) + "\n";
  for (const PeerConfig& peer : bounds.root_peers) {
    text += "[[peer]]\nname = \"" + peer.name + "\"\npublic_key = \"" + peer.public_key.to_string() +
            "\"\nendpoint = \"" + peer.endpoint.to_string() + "\"\nredirect = " + list(peer.redirect) +
            "\nlanes = " + std::to_string(peer.lanes) + "\n";
  }
  return text;
}

inline Bounds test_bounds() {
  Bounds bounds;
  bounds.host = "osd9";
  bounds.own = test_host(9).entry;
  bounds.own_addresses = bounds.own->addresses;
  bounds.networks = {*IpPrefix::parse("10.0.0.0/24")};
  return bounds;
}

}  // namespace cuttle::mesh
