// The number of a host's next entry: one that follows all that others may have taken in of it. Only what
// bears a proof counts, and root's own note: the store's entry may be written with a stolen keyring, the file
// of this host's own by cuttle-mesh, and a number of theirs, as high as it can be, would be the last one for
// ever; they may be set back as well, both of them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hh"
#include "mesh/entry.hh"

namespace cuttle::mesh {

// Whether that entry's number is this host's own word, or the operator's: of this identity, or signed.
bool counts(const Entry& entry, const VerifyingKey& identity, const std::optional<VerifyingKey>& signing_key);

struct Published {
  std::optional<std::string> there;  // of this host, as it stands in the store
  std::optional<Entry> own;          // the file of this host's own
  uint64_t proved = 0;               // root's own note (mesh/proved_number.hh); 0: none
};

// An error where there is no number left; it says what to do.
Result<uint64_t> next_number(const std::string& host, const VerifyingKey& identity,
                             const std::optional<VerifyingKey>& signing_key, const Published& published);

// The number after `highest`, the same way.
Result<uint64_t> number_after(uint64_t highest);

// Whether `there`, the store's entry, is a later word of the host that proved `own`: the file of that was put
// back from a copy.
bool is_set_back(const Entry& own, const std::string& there);

// Whether this host's own entry is the last that it proved, so that another may follow it; otherwise an error
// says what to do. `there`: of the store. `proved`: root's note.
Result<void> check_is_newest(const Entry& own, const std::optional<std::string>& there, uint64_t proved);

}  // namespace cuttle::mesh
