// The style sheet of every page. Private to this folder.
#pragma once

namespace cuttle::report {

extern const char* const kStyleSheet;

}  // namespace cuttle::report
