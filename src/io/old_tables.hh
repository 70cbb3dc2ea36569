// The rules of the kernel's old tables (iptables-legacy), which nftables does not show: as iptables-save
// prints them. Of this network namespace. Source: iptables-save(8).
#pragma once

#include <string>

#include "base/result.hh"

namespace cuttle {

// Empty where there are none; an error where there are some and the program that prints them is not
// installed.
Result<std::string> old_tables(bool v6);

}  // namespace cuttle
