// Answers of a cluster of three hosts, cut down to what is read.
#pragma once

#include "enroll/hosts.hh"

namespace cuttle::enroll {

inline CephMaps three_hosts() {
  CephMaps maps;
  maps.mon_dump = R"({"mons":[{"name":"a"}]})";
  maps.osd_dump = R"({"osds":[{"osd":0},{"osd":1},{"osd":2}]})";
  maps.mon_metadata =
      R"([{"name":"a","hostname":"alpha.example","addrs":"[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]"}])";
  maps.osd_metadata = R"([
    {"id":0,"hostname":"beta","front_addr":"[v2:10.0.0.2:6800/1]","back_addr":"[v2:10.1.0.2:6802/1]"},
    {"id":1,"hostname":"beta","front_addr":"[v2:10.0.0.2:6804/1]","back_addr":"[v2:10.1.0.2:6806/1]"},
    {"id":2,"hostname":"gamma","front_addr":"[v2:10.0.0.3:6800/1]","back_addr":"[v2:10.1.0.3:6802/1]"}])";
  maps.mgr_metadata = R"([{"name":"x","hostname":"alpha","addrs":"[v2:10.0.0.1:6800/7]"}])";
  maps.mds_metadata = R"([{"name":"fs","hostname":"beta","addr":"[v2:10.0.0.2:6808/7]"}])";
  return maps;
}

}  // namespace cuttle::enroll
