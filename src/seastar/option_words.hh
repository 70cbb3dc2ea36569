// Seastar's own options in words, as its command line would take them (--task-quota-ms 0.2, --name=value),
// set before it starts. So a word that is wrong is one line before anything is changed, where Seastar itself
// would print a few and end when the links are half up.
#pragma once

#include <seastar/core/app-template.hh>
#include <string>
#include <vector>

#include "base/result.hh"

namespace cuttle {

Result<void> set_from_words(seastar::app_template::seastar_options& settings,
                            const std::vector<std::string>& words);

}  // namespace cuttle
