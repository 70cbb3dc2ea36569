// What is known, on disk and back.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "looks.hh"
#include "mesh/reconcile.hh"

namespace cuttle::mesh {
namespace {

TEST(MeshKnown, ComesBackAsItWas) {
  Known known = look({}, view_of({test_host(1), test_host(2)})).known;
  close_pin(known.pins.at("osd2"), Standing::revoked);
  known.pins.at("osd1").lost = {address("10.0.0.1")};
  known.accepted["osd1"] = {test_host(1).entry.identity, {address("10.0.0.1")}};
  known.forgotten["osd5"] = {7, true};
  const auto parsed = parse_known(to_json(known));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, known);
  // A version before knew of no such.
  auto json = nlohmann::json::parse(to_json(known));
  json.erase("forgotten");
  known.forgotten.clear();
  EXPECT_EQ(parse_known(json.dump()), known);
  const std::string text = to_json(known);
  for (size_t size = 0; size + 2 < text.size(); size += 7) EXPECT_FALSE(parse_known(text.substr(0, size)));
}

// The file is the service's user's, and root looks at it on a terminal.
TEST(MeshKnown, NamesHoldNothingThatATerminalObeys) {
  Known known = look({}, view_of({test_host(1), test_host(2)})).known;
  known.accepted["osd1"] = {test_host(1).entry.identity, {address("10.0.0.1")}};
  known.forgotten["osd5"] = {7, true};
  const auto with = [&](const std::string& part, const char* host, const char* member) {
    auto json = nlohmann::json::parse(to_json(known));
    auto& hosts = json[part];
    if (member != nullptr) {
      hosts[host][member] = "\x1b[8mosd1";
    } else {
      hosts["\x1b[8m"] = hosts[host];
      hosts.erase(host);
    }
    return parse_known(json.dump()).has_value();
  };
  EXPECT_FALSE(with("pins", "osd1", "name"));
  EXPECT_FALSE(with("pins", "osd1", nullptr));
  EXPECT_FALSE(with("accepted", "osd1", nullptr));
  EXPECT_FALSE(with("forgotten", "osd5", nullptr));
}

}  // namespace
}  // namespace cuttle::mesh
