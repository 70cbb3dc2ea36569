// The command line as a process: what it prints, where, and how it exits.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../temporary_folder.hh"
#include "control/server.hh"
#include "control/status.hh"
#include "crypto/keys.hh"
#include "run_process.hh"

namespace cuttle {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class CliTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string good_config() {
    write("node.key", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n");
    return write("node.toml",
                 "[node]\nname = \"osd0\"\nprivate_key_file = \"node.key\"\nlisten = \"10.77.0.11:4410\"\n"
                 "[[peer]]\nname = \"mon\"\npublic_key = \"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"\n"
                 "endpoint = \"10.77.0.10:4410\"\nredirect = [\"10.77.0.10\"]\n");
  }
  std::string bad_config() {
    return write("bad.toml",
                 "[node]\nname = \"osd0\"\nprivate_key_file = \"absent.key\"\nlistne = \"10.77.0.11:4410\"\n"
                 "[[peer]]\nname = \"mon\"\npublic_key = \"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"\n"
                 "endpoint = \"10.77.0.10\"\nredirect = [\"10.77.0.10\"]\n");
  }
  std::string bad_lines(bool with_keys) const {
    const std::string file = (folder_ / "bad.toml").string();
    return (with_keys
                ? fmt::format(
                      "{}:3: node.private_key_file: \"{}\": cannot be read: No such file or directory\n",
                      file, (folder_ / "absent.key").string())
                : "") +
           fmt::format("{}:4: node.listne: unknown key; did you mean \"listen\"?\n", file) +
           fmt::format(
               "{}:8: peer.mon.endpoint = \"10.77.0.10\": not an address and port; write \"10.77.0.11:4410\" "
               "or "
               "\"[fd00::11]:4410\"\n",
               file);
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(CliTest, EveryWordsHelpHasAnExample) {
  for (const char* word : {"up", "close", "down", "check", "status", "genkey", "pubkey", "genpsk", "version",
                           "init", "show", "doctor"}) {
    const Ran ran = run_cuttle({word, "--help"});
    EXPECT_EQ(ran.status, 0) << word;
    EXPECT_THAT(ran.out, HasSubstr(std::string("Example:\n  "))) << word;
    EXPECT_THAT(ran.out, HasSubstr(std::string("cuttle ") + word)) << word;
    EXPECT_THAT(run_cuttle({"--help"}).out, HasSubstr(word));
  }
}

TEST_F(CliTest, InitWritesWhatShowReads) {
  const std::string folder = (folder_ / "new").string();
  const Ran made = run_cuttle({"init", "--name", "osd0", "--listen", "10.77.0.11:4410", "--folder", folder});
  EXPECT_EQ(made.status, 0) << made.err;
  struct stat status {};
  ASSERT_EQ(::stat((folder + "/osd0.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const Ran shown = run_cuttle({"show", folder + "/osd0.toml"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("[[peer]]\nname = \"osd0\"\npublic_key = \""));
  EXPECT_THAT(shown.out, HasSubstr("endpoint = \"10.77.0.11:4410\"\nredirect = [\"10.77.0.11\"]\n"));
  // What one shows, the other takes.
  const std::string other = (folder_ / "other").string();
  run_cuttle({"init", "--name", "mon", "--listen", "10.77.0.10:4410", "--folder", other});
  std::ofstream(other + "/mon.toml", std::ios::app) << shown.out;
  EXPECT_EQ(run_cuttle({"check", "--file-only", other + "/mon.toml"}).status, 0);
}

TEST_F(CliTest, InitChangesNothingThatIsThere) {
  const std::string folder = (folder_ / "new").string();
  const std::vector<std::string> words{"init",     "--name", "osd0", "--listen", "10.77.0.11:4410",
                                       "--folder", folder};
  ASSERT_EQ(run_cuttle(words).status, 0);
  const Ran shown = run_cuttle({"show", folder + "/osd0.toml"});
  const Ran again = run_cuttle(words);
  EXPECT_EQ(again.status, 2);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  EXPECT_EQ(run_cuttle({"show", folder + "/osd0.toml"}).out, shown.out);
  const Ran bad =
      run_cuttle({"init", "--name", "a b", "--listen", "10.77.0.11:4410", "--folder", folder + "2"});
  EXPECT_EQ(bad.status, 2);
  EXPECT_FALSE(std::filesystem::exists(folder + "2"));
  EXPECT_EQ(run_cuttle({"init", "--name", "a", "--listen", "10.77.0.11"}).status, 2);
}

TEST_F(CliTest, DoctorSaysWhatIsWrongAndHowToFixIt) {
  const Ran ran = run_cuttle({"doctor", "--no-probe", "--config", good_config()});
  EXPECT_THAT(ran.out, HasSubstr("node.listen: 10.77.0.11 is no address of this machine"));
  EXPECT_THAT(ran.out, HasSubstr("no agent of this node answers"));
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_EQ(run_cuttle({"doctor", "--config", bad_config()}).status, 2);
}

TEST_F(CliTest, WrongArgumentsAreOneLineAndStatus2) {
  const std::vector<std::vector<std::string>> wrong{{},
                                                    {"upp"},
                                                    {"up"},
                                                    {"down"},
                                                    {"close"},
                                                    {"check"},
                                                    {"up", "--confg", "x"},
                                                    {"status", "a", "--socket", "b"},
                                                    {"genkey", "x"}};
  for (const auto& arguments : wrong) {
    const Ran ran = run_cuttle(arguments);
    EXPECT_EQ(ran.status, 2) << ran.err;
    EXPECT_THAT(ran.err, StartsWith("cuttle: "));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST_F(CliTest, AMisspeltWordIsRecognised) {
  EXPECT_EQ(run_cuttle({"statsu"}).err, "cuttle: \"statsu\" is nothing to do; did you mean \"status\"?\n");
}

TEST_F(CliTest, Version) {
  EXPECT_THAT(run_cuttle({"version"}).out, StartsWith("cuttle " CUTTLE_VERSION "\n"));
  EXPECT_EQ(run_cuttle({"--version"}).out, "cuttle " CUTTLE_VERSION "\n");
}

TEST_F(CliTest, KeysGoThroughAPipe) {
  const Ran first = run_cuttle({"genkey"});
  const Ran second = run_cuttle({"genkey"});
  EXPECT_EQ(first.status, 0);
  ASSERT_EQ(first.out.size(), kKeyTextSize + 1);
  EXPECT_NE(first.out, second.out);
  const auto key = PrivateKey::parse(first.out.substr(0, kKeyTextSize));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->reveal_text().view(), first.out.substr(0, kKeyTextSize));  // printed clamped, as `wg` does
  const Ran derived = run_cuttle({"pubkey"}, first.out);
  EXPECT_EQ(derived.status, 0);
  EXPECT_EQ(derived.out, key->public_key().to_string() + "\n");
  EXPECT_EQ(run_cuttle({"genpsk"}).out.size(), kKeyTextSize + 1);
}

// Alice's key pair of RFC 7748, section 6.1.
TEST_F(CliTest, PubkeyOfAKnownKey) {
  EXPECT_EQ(run_cuttle({"pubkey"}, "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=").out,
            "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n");
}

TEST_F(CliTest, PubkeyRefusesWhatIsNoKeyAndNeverRepeatsIt) {
  for (const std::string input : {"", "hello\n", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=x\n"}) {
    const Ran ran = run_cuttle({"pubkey"}, input);
    EXPECT_EQ(ran.status, 2);
    EXPECT_THAT(ran.out, IsEmpty());
    EXPECT_THAT(ran.err, StartsWith("cuttle: standard input: private key: "));
    EXPECT_THAT(ran.err, testing::Not(HasSubstr("dwdtCn")));
  }
  EXPECT_EQ(run_cuttle({"pubkey"}, std::string(1'000'000, 'A')).status, 2);
}

TEST_F(CliTest, GenkeyWarnsWhenOthersCanReadTheFile) {
  const std::string open = write("open.key", "", 0644);
  EXPECT_THAT(run_cuttle({"genkey"}, "", open).err, HasSubstr("others can read the file this key goes to"));
  const std::string closed = write("closed.key", "", 0600);
  EXPECT_THAT(run_cuttle({"genkey"}, "", closed).err, IsEmpty());
  EXPECT_EQ(std::filesystem::file_size(closed), kKeyTextSize + 1);
}

TEST_F(CliTest, GenkeyNoticesAFullDisk) {
  const Ran ran = run_cuttle({"genkey"}, "", "/dev/full");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "cuttle: write the key: No space left on device\n");
}

TEST_F(CliTest, CheckOfAGoodFile) {
  const std::string file = good_config();
  const Ran ran = run_cuttle({"check", "--file-only", file});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.out, file +
                         ": good; node osd0 listens on 10.77.0.11:4410, 1 link\n"
                         "  mon at 10.77.0.10:4410: 200 Mb/s, 24 x 1472 B every 1.44 ms\n");
}

TEST_F(CliTest, CheckSaysEverythingInOneGo) {
  const Ran ran = run_cuttle({"check", bad_config()});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, bad_lines(true));
  EXPECT_EQ(ran.out, "");
}

TEST_F(CliTest, UpRefusesABadFileTheSameWay) {
  const Ran ran = run_cuttle({"up", "--config", bad_config()});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, bad_lines(true));
}

TEST_F(CliTest, CloseAndDownNeedNoKeysButAGoodFile) {
  for (const char* word : {"close", "down"}) {
    const Ran ran = run_cuttle({word, "--config", bad_config()});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, bad_lines(false));
  }
}

TEST_F(CliTest, AnAbsentFileIsOneLine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"check", "/nowhere/a.toml"}, {"up", "--config", "/nowhere/a.toml"}}) {
    const Ran ran = run_cuttle(arguments);
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, "/nowhere/a.toml: cannot be read: No such file or directory\n");
  }
}

class CliStatusTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    socket_ = (folder_ / "osd0.sock").string();
  }
  // An agent that answers with `document`, while `cuttle` runs with `arguments`.
  Ran ask(const std::vector<std::string>& arguments, const std::string& document) {
    auto server =
        ControlServer::open(socket_, [&](const std::string&) -> Result<std::string> { return document; });
    EXPECT_TRUE(server);
    std::atomic<bool> stop{false};
    std::thread agent([&] {
      while (!stop) {
        auto fds = (*server)->poll_fds();
        if (::poll(fds.data(), fds.size(), 10) > 0) (*server)->handle_ready(Instant{}, fds);
      }
    });
    const Ran ran = run_cuttle(arguments);
    stop = true;
    agent.join();
    return ran;
  }

  std::string socket_;
};

TEST_F(CliStatusTest, TableAndJson) {
  StatusSnapshot status;
  status.node = "osd0";
  status.links.emplace_back().name = "mon";
  const std::string document = to_json(status);
  const Ran table = ask({"status", "--socket", socket_}, document);
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_EQ(table.out, render_table(status));
  const Ran json = ask({"status", "--json", "--socket", socket_}, document);
  EXPECT_EQ(json.status, 0) << json.err;
  EXPECT_EQ(json.out, document + "\n");
}

TEST_F(CliStatusTest, FindsTheSocketByTheConfiguration) {
  StatusSnapshot status;
  status.node = "osd0";
  const std::string config =
      write("s.toml", fmt::format("[node]\nname = \"osd0\"\nprivate_key_file = \"none\"\n"
                                  "control_socket = \"{}\"\nlisten = \"10.77.0.11:4410\"\n"
                                  "[[peer]]\nname = \"mon\"\n"
                                  "public_key = \"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\"\n"
                                  "endpoint = \"10.77.0.10:4410\"\nredirect = []\n",
                                  socket_));
  EXPECT_EQ(ask({"status", "--config", config}, to_json(status)).out, render_table(status));
}

TEST_F(CliStatusTest, NoAgentIsStatus1) {
  const Ran ran = run_cuttle({"status", "--socket", socket_});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "cuttle: control socket " + socket_ + ": no agent is running there\n");
}

TEST_F(CliStatusTest, NonsenseFromTheSocketIsStatus1) {
  const Ran ran = ask({"status", "--socket", socket_}, "{\"links\":7}");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("not a status"), StartsWith("cuttle: ")));
}

}  // namespace
}  // namespace cuttle
