// For debugging only: keys that somebody wrote down for links with another implementation of RFC 9347
// (engine/static_sessions.hh), from the file that `cuttle up --debug-static-keys FILE` names. Without them,
// and that is as it should be, every key is agreed anew. A line for each session, in the order of their use;
// `#` begins a comment:
//
//   PEER AFTER RECEIVE_SPI RECEIVE_KEY SEND_SPI SEND_KEY
//   linux 0 0x00001001 0x<72 digits> 0x00002001 0x<72 digits>
//
// AFTER: seconds after the start from which the session is sent in; 0 in a peer's first. A key is 32 bytes
// and a salt of 4, as `ip xfrm state ... aead 'rfc4106(gcm(aes))' KEY 128` takes it. Reading the file empties
// it: counters begin at 1, so no key may ever be used by a second start.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "engine/static_sessions.hh"

namespace cuttle {

class StaticKeys {
 public:
  // Of a file that is this user's alone, for peers of `config`, each with one lane. It is empty afterwards;
  // after an error in what it says it is as it was.
  static Result<StaticKeys> take(const std::string& path, const NodeConfig& config);
  // The same from a text, which stays.
  static Result<StaticKeys> parse(std::string_view text, const NodeConfig& config);

  // Once; empty for a peer without any.
  std::vector<StaticSession> take_for(const std::string& peer);

 private:
  std::map<std::string, std::vector<StaticSession>> by_peer_;
};

}  // namespace cuttle
