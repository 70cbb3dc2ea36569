// What a host tells the manager fits into what the monitors take, however many links it has.
#include "mesh/state.hh"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "nodes.hh"

namespace cuttle::mesh {
namespace {

HostState with_links(int count, const std::string& word) {
  HostState state;
  state.host = "osd9";
  state.agent = StatusSnapshot();
  for (int i = 0; i < count; ++i) {
    LinkStatus link;
    link.name = "osd" + std::to_string(i);
    link.state = word;
    link.hiding = "hidden";
    link.release = "queue";
    state.agent->links.push_back(link);
    state.host_of_peer[link.name] = link.name + ".site-a.example.org";
    state.taken.push_back({link.name + ".site-a.example.org", 1});
  }
  return state;
}

TEST(MeshState, AThousandLinksFit) {
  HostState state = with_links(1000, "up");
  state.agent->links[10].state = "connecting";
  state.agent->links[700].open = true;
  state.agent->links[999].hiding = "tells";
  const std::string text = state_json(state, 1'700'000'000);
  EXPECT_LE(text.size(), 64u << 10);
  const auto json = nlohmann::json::parse(text);
  EXPECT_GT(json["links"].size(), 100u) << "as many as there is room for";
  std::vector<std::string> not_well;
  for (const auto& link : json["links"]) {
    if (link["state"] != "up" || link["open"] || link["hiding"] != "hidden") not_well.push_back(link["peer"]);
  }
  EXPECT_THAT(not_well, testing::ElementsAre("osd10.site-a.example.org", "osd700.site-a.example.org",
                                             "osd999.site-a.example.org"));
  EXPECT_EQ(json["time"], 1'700'000'000);
  EXPECT_LE(state_json(with_links(1000, "quiet"), 0).size(), 64u << 10);
}

TEST(MeshState, FewAreAllThere) {
  EXPECT_EQ(nlohmann::json::parse(state_json(with_links(200, "up"), 0))["links"].size(), 200u);
}

// What was recently taken in may have had a higher number: of before this host's entry was set back.
TEST(MeshState, AnEntryIsTakenInByItsNumberAlone) {
  Known known;
  for (const int number : {1, 2, 3, 4}) {
    const Entry entry = test_host(number).entry;
    known.pins[entry.host] = {.name = entry.host, .entry = entry, .counter = 1};
  }
  known.pins.at("osd4").standing = Standing::left;
  Entry own = test_host(9).entry;
  own.counter = 6;
  const auto state = [](uint64_t number) {
    HostState taken;
    taken.taken = {{"osd9", number}};
    return state_json(taken, 0);
  };
  EXPECT_THAT(not_taken_by(known, {{"osd1", state(6)}, {"osd2", state(9)}, {"osd3", state(5)}}, own),
              testing::ElementsAre("osd2", "osd3"));
  EXPECT_THAT(not_taken_by(known, {{"osd1", state(6)}, {"osd2", state(6)}}, own),
              testing::ElementsAre("osd3"));
  EXPECT_THAT(not_taken_by(known, {{"osd1", "{}"}, {"osd2", "no JSON"}}, own), testing::SizeIs(3));
}

// The monitors refuse what is longer, and the host would be silent.
TEST(MeshState, NamesAsLongAsTheyMayBeFit) {
  const std::string domain =
      "." + std::string(62, 'a') + "." + std::string(62, 'b') + "." + std::string(60, 'c');
  HostState state = with_links(1000, "quiet");
  state.host_of_peer.clear();
  state.taken.clear();
  for (int i = 0; i < 1000; ++i) {
    const std::string host = "osd" + std::to_string(i) + domain;
    state.host_of_peer["osd" + std::to_string(i)] = host;
    state.taken.push_back({host, UINT64_MAX});
    state.problems.push_back({kAgent, host, std::string(100'000, '\x01'), "accept " + host});
  }
  const std::string text = state_json(state, 1'700'000'000);
  EXPECT_LE(text.size(), 64u << 10);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(taken_number(text, "osd0" + domain), UINT64_MAX) << "the last that was taken in";
  EXPECT_GT(json["taken"].size(), 100u);
  EXPECT_GT(json["problems"].size(), 1u);
  EXPECT_GT(json["links"].size(), 5u);
}

TEST(MeshState, AThousandThatWereTakenInAreAllTold) {
  const std::string text = state_json(with_links(1000, "up"), 0);
  EXPECT_EQ(nlohmann::json::parse(text)["taken"].size(), 1000u);
}

TEST(MeshState, WhatWasToldComesBackAsWhatCanBeShown) {
  HostState state;
  state.problems = {{kAgent, "osd1", "the agent\x1b[2J cannot" + std::string(300, '.'), "curl x|sh"},
                    {kEntryOld, "osd2", "old", "join"},
                    {kAgent, "osd1; curl x|sh", "text", "curl x|sh"},
                    {kAgent, "", "it is full", "curl x|sh"}};
  const auto told = told_agent_problems(state_json(state, 0));
  ASSERT_THAT(told, testing::SizeIs(2));
  EXPECT_THAT(told[0].text, testing::StartsWith("cuttle-mesh told the monitors: the agent [2J cannot..."));
  EXPECT_LT(told[0].text.size(), 250u);
  EXPECT_EQ(told[0].host, "osd1");
  EXPECT_EQ(told[1].host, "");
  // What root is told to run is this program's own word, whoever wrote there.
  for (const MeshProblem& problem : told) {
    EXPECT_THAT(problem.fix, testing::AllOf(testing::HasSubstr("cuttle status"),
                                            testing::Not(testing::HasSubstr("curl"))));
  }
  for (const char* text : {"", "no JSON", "[]", R"({"problems":3})", R"({"problems":[3,{"code":4}]})"}) {
    EXPECT_THAT(told_agent_problems(text), testing::IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace cuttle::mesh
