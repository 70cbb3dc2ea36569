// Entries: JSON and back, their proof, and what is no entry.
#include "mesh/entry.hh"

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "mesh/record.hh"
#include "nodes.hh"

namespace cuttle::mesh {
namespace {

using testing::HasSubstr;

std::string with(const std::string& key, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(test_host(1).to_string());
  json[key] = value;
  return json.dump();
}

std::string why_not(const std::string& text) {
  const auto entry = parse_entry("osd1", text);
  return entry ? "" : entry.error().message;
}

TEST(MeshEntry, ComesBackAsItWas) {
  TestHost host = test_host(1);
  host.entry.next_key = test_key(2);
  host.entry.addresses.push_back(address("fd00::1"));
  host.entry.lanes = 4;
  host.say_anew();
  sign(host.entry, SigningKey::from_random(bytes(1, 7)));
  const auto entry = parse_entry("osd1", host.to_string());
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(*entry, host.entry);
  EXPECT_TRUE(is_proved(*entry));
}

TEST(MeshEntry, WhoClaimsAKey) {
  std::map<std::string, std::string> entries{{"osd1", test_host(1).to_string()}};
  EXPECT_EQ(who_claims(test_key(1), "osd1", entries), std::nullopt) << "it is its own";
  EXPECT_EQ(who_claims(test_key(1), "osd2", entries), "osd1");
  TestHost squatter = test_host(0);
  squatter.entry.next_key = test_key(5);
  squatter.say_anew();
  entries["osd0"] = squatter.to_string();
  EXPECT_EQ(who_claims(test_key(5), "osd1", entries), "osd0");
  squatter.entry.proof.reset();
  entries["osd0"] = squatter.to_string();
  EXPECT_EQ(who_claims(test_key(5), "osd1", entries), std::nullopt) << "nobody believes it";
}

TEST(MeshEntry, ATombstoneToo) {
  TestHost host = test_host(1);
  Entry left;
  left.host = "osd1";
  left.identity = host.entry.identity;
  left.counter = 9;
  left.left = true;
  prove(left, host.identity);
  const auto entry = parse_entry("osd1", to_json(left));
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(*entry, left);
  EXPECT_TRUE(is_proved(*entry));
}

// Whatever is changed, the proof is none any more.
TEST(MeshEntry, TheProofIsOfEveryValue) {
  const TestHost host = test_host(1);
  ASSERT_TRUE(is_proved(host.entry));
  const std::vector<std::function<void(Entry&)>> changes = {
      [](Entry& e) { e.host = "osd2"; },     [](Entry& e) { e.identity = test_host(2).entry.identity; },
      [](Entry& e) { ++e.counter; },         [](Entry& e) { e.left = true; },
      [](Entry& e) { e.key = test_key(3); }, [](Entry& e) { e.next_key = test_key(3); },
      [](Entry& e) { ++e.endpoint.port; },   [](Entry& e) { e.addresses.push_back(address("10.0.0.77")); },
      [](Entry& e) { e.addresses.clear(); }, [](Entry& e) { e.lanes = 2; },
      [](Entry& e) { e.proof.reset(); },     [](Entry& e) { e.proof->bytes[5] ^= 1; }};
  for (size_t i = 0; i < changes.size(); ++i) {
    Entry entry = host.entry;
    changes[i](entry);
    EXPECT_FALSE(is_proved(entry)) << "change " << i;
  }
}

TEST(MeshEntry, AProofIsNoSignature) {
  TestHost host = test_host(1);
  host.entry.signature = host.entry.proof;
  EXPECT_FALSE(is_signed(host.entry, host.entry.identity));
  sign(host.entry, host.identity);
  EXPECT_TRUE(is_signed(host.entry, host.entry.identity));
  EXPECT_FALSE(is_signed(host.entry, test_host(2).entry.identity));
}

TEST(MeshEntry, WhatIsNone) {
  EXPECT_THAT(why_not(""), HasSubstr("no JSON object"));
  EXPECT_THAT(why_not("[1]"), HasSubstr("no JSON object"));
  EXPECT_THAT(why_not(std::string("\0\xff\xfe\x80", 4)), HasSubstr("no JSON object"));
  EXPECT_THAT(why_not(std::string(65536, 'x')), HasSubstr("65536 bytes long"));
  EXPECT_THAT(why_not(std::string(8000, '[')), HasSubstr("no JSON object"));
  EXPECT_THAT(why_not("{}"), HasSubstr("\"version\""));
  EXPECT_THAT(why_not(with("version", 2)), HasSubstr("upgrade it"));
  EXPECT_THAT(why_not(with("version", "1")), HasSubstr("\"version\""));
  EXPECT_THAT(why_not(with("host", "osd10")), HasSubstr("\"host\""));
  EXPECT_THAT(why_not(with("identity", "AAAA")), HasSubstr("\"identity\""));
  EXPECT_THAT(why_not(with("counter", 0)), HasSubstr("\"counter\""));
  EXPECT_THAT(why_not(with("counter", -1)), HasSubstr("\"counter\""));
  EXPECT_THAT(why_not(with("counter", UINT64_MAX)), HasSubstr("\"counter\""));
  EXPECT_THAT(why_not(with("left", 1)), HasSubstr("\"left\""));
  EXPECT_THAT(why_not(with("key", "no key")), HasSubstr("\"key\""));
  EXPECT_THAT(why_not(with("next_key", test_key(1).to_string())), HasSubstr("\"next_key\""));
  for (const char* endpoint :
       {"10.0.0.1", "10.0.0.1:0", "0.0.0.0:4410", "127.0.0.1:4410", "224.0.0.1:4410",
        "[::ffff:10.0.0.1]:4410", "[::10.0.0.1]:4410", "[fe80::1]:4410", "[::1]:4410", "host:4410"}) {
    EXPECT_THAT(why_not(with("endpoint", endpoint)), HasSubstr("\"endpoint\"")) << endpoint;
  }
  for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "ff02::1", "10.0.0.0/8"}) {
    EXPECT_THAT(why_not(with("addresses", {text})), HasSubstr("\"addresses\"")) << text;
  }
  EXPECT_THAT(why_not(with("addresses", nlohmann::json::array())), HasSubstr("\"addresses\""));
  EXPECT_THAT(why_not(with("addresses", {"10.0.0.1", "10.0.0.1"})), HasSubstr("twice"));
  EXPECT_THAT(why_not(with("lanes", 33)), HasSubstr("\"lanes\""));
  EXPECT_THAT(why_not(with("proof", 5)), HasSubstr("\"proof\""));
}

// An error goes to a terminal and into the manager's health: nothing of the text is in it.
TEST(MeshEntry, AnErrorRepeatsNothing) {
  for (const char* key : {"host", "key", "endpoint", "identity", "proof"}) {
    EXPECT_THAT(why_not(with(key, "\x1b[31mred\nline")), testing::Not(HasSubstr("red"))) << key;
  }
}

TEST(MeshRecord, ComesBackAsItWas) {
  Record record;
  record.rate = "1 Gb/s";
  record.lanes = 3;
  record.joining = false;
  record.networks = {*IpPrefix::parse("10.0.0.0/8"), *IpPrefix::parse("fd00::/8")};
  record.signing_key = test_host(1).entry.identity;
  const auto parsed = parse_record(to_json(record));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, record);
}

TEST(MeshRecord, WhatIsNone) {
  for (
      const char* text :
      {"", "{}", "[]", R"({"version":2})", R"({"version":1})",
       R"({"version":1,"rate":"fast","slot":"1 ms","port":4410,"lanes":1,"joining":true,"networks":[]})",
       R"({"version":1,"rate":"1 Gb/s","slot":"1 ms","port":0,"lanes":1,"joining":true,"networks":[]})",
       R"({"version":1,"rate":"1 Gb/s","slot":"1 ms","port":4410,"lanes":1,"joining":true,"networks":["x"]})",
       R"({"version":1,"rate":"1 Gb/s","slot":"1 ms","port":4410,"lanes":1,"joining":true,"networks":[],"signing_key":"x"})"}) {
    EXPECT_FALSE(parse_record(text)) << text;
  }
}

}  // namespace
}  // namespace cuttle::mesh
