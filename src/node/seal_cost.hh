// What sealing a cell costs on this machine, measured once at the start: the pacer begins so long before a
// deadline, whatever the cells hold.
#pragma once

#include "base/time.hh"
#include "crypto/aead.hh"
#include "wire/cell.hh"

namespace cuttle {

// Takes a fraction of a millisecond. Precondition: the backend is available.
Duration measure_sealing(AeadBackend backend, const wire::CellFormat& format);

}  // namespace cuttle
