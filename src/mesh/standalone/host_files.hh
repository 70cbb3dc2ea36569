// The files of a host that root makes: keys, configuration, and whose they are. Touches the disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "crypto/keys.hh"
#include "crypto/signature.hh"
#include "enroll/files.hh"

namespace cuttle::mesh {

// PATH's key, or, where there is none, a new one that is written there, for its owner alone.
Result<PrivateKey> private_key_at(const std::string& path);
Result<SigningKey> signing_key_at(const std::string& path);
// Only what is there.
Result<SigningKey> read_signing_key(const std::string& path);

// A secret, whole or not at all, mode 600.
Result<void> write_secret(const std::string& path, std::string_view text,
                          enroll::Owner owner = enroll::Owner::writer);

// To that user, where there is one and this process may; otherwise nothing. An error: it should and cannot.
// Only for what is in a folder of root's: in another's, the path may lead anywhere.
Result<void> give_to(const std::string& path, const char* user);

// Runs `systemctl WORDS...`; an error says how it ended.
Result<void> systemctl(const std::vector<std::string>& words);

}  // namespace cuttle::mesh
