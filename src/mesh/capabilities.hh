// What a host's keyring may do at the monitors, in Ceph's words (src/mon/MonCap.cc). Pure.
#pragma once

#include <string>

namespace cuttle::mesh {

// "client.cuttle.HOST"
std::string client_of(const std::string& host);

// The monitors' capabilities of that host: its own entry and state to write, exactly these keys (osd1 is a
// prefix of osd10); the record, all entries and revocations to read; and the maps that say whose an address
// is. Nothing else of the store, no configuration, no keys.
std::string capabilities_of(const std::string& host);

// The commands that an administrator gives a host its keyring with, for root alone to read: one line each.
std::string keyring_command(const std::string& host);
std::string cephadm_command(const std::string& host);

}  // namespace cuttle::mesh
