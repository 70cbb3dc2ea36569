// A mixed load of Ceph objects that checks itself: each thread owns some objects, writes, appends to, reads
// and removes them in random order, knows what must be in each, and compares every byte of what it reads. At
// the end it reads all of them once more over a new connection.
//   objects --conf ceph.conf --pool bench --seconds 60 --threads 4
// Ends early at SIGTERM. What it found is JSON on stdout; exit status 1 when anything was wrong.
#include <rados/librados.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "base/bytes.hh"
#include "base/random.hh"
#include "io/clock.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

struct Settings {
  std::string conf;
  std::string pool = "bench";
  std::string user = "client.admin";
  uint64_t seed = 1;
  uint64_t max_bytes = 4 << 20;
  int64_t seconds_long = 10;
  uint32_t threads = 4;
  uint32_t objects = 16;  // of each thread
};

// What an object must hold: pieces of bytes that follow from a seed each.
struct Piece {
  uint64_t seed;
  uint64_t bytes;
};
using Content = std::vector<Piece>;

constexpr uint64_t kAppendBytes = 65536;
constexpr size_t kMaxPieces = 32;

void append_piece(std::string& out, const Piece& piece) {
  Random random(piece.seed);
  const size_t begin = out.size();
  out.resize(begin + piece.bytes);
  size_t i = begin;
  for (; i + 8 <= out.size(); i += 8) store_be64(reinterpret_cast<uint8_t*>(&out[i]), random.next());
  for (; i < out.size(); ++i) out[i] = static_cast<char>(random.next());
}

std::string string_of(const Content& content) {
  std::string text;
  for (const Piece& piece : content) append_piece(text, piece);
  return text;
}

struct Counts {
  uint64_t writes = 0;
  uint64_t appends = 0;
  uint64_t reads = 0;
  uint64_t removes = 0;
  uint64_t bytes_written = 0;
  uint64_t bytes_read = 0;
  uint64_t failed = 0;
  uint64_t wrong = 0;     // content, or there though removed, or gone
  uint64_t verified = 0;  // at the end
  double longest_ms = 0;
  std::vector<std::string> complaints;

  void complain(std::string line) {
    if (complaints.size() < 20) complaints.push_back(std::move(line));
  }
};

// One connection to the cluster.
class Cluster {
 public:
  explicit Cluster(const Settings& settings) {
    if (rados_create2(&rados_, "ceph", settings.user.c_str(), 0) != 0) die("librados cannot be set up");
    if (rados_conf_read_file(rados_, settings.conf.c_str()) != 0) die(settings.conf + ": cannot be read");
    if (const int error = rados_connect(rados_); error != 0) die("cannot connect: " + os_error_text(-error));
    if (const int error = rados_ioctx_create(rados_, settings.pool.c_str(), &pool_); error != 0) {
      die("pool " + settings.pool + ": " + os_error_text(-error));
    }
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  ~Cluster() {
    rados_ioctx_destroy(pool_);
    rados_shutdown(rados_);
  }
  rados_ioctx_t pool() const { return pool_; }

 private:
  rados_t rados_ = nullptr;
  rados_ioctx_t pool_ = nullptr;
};

class Worker {
 public:
  Worker(const Settings& settings, uint32_t number)
      : settings_(settings),
        number_(number),
        random_(settings.seed * 1000 + number),
        contents_(settings.objects) {}

  void run(Cluster& cluster, Instant until) {
    while (stopping == 0 && clock_.now() < until) {
      const size_t which = random_.below(contents_.size());
      const uint64_t choice = random_.below(100);
      if (choice < 40) {
        write(cluster, which);
      } else if (choice < 55) {
        append(cluster, which);
      } else if (choice < 95) {
        read(cluster, which);
      } else {
        remove(cluster, which);
      }
    }
  }

  void verify(Cluster& cluster) {
    for (size_t which = 0; which < contents_.size(); ++which) {
      read(cluster, which);
      ++counts_.verified;
    }
  }

  const Counts& counts() const { return counts_; }

 private:
  std::string name(size_t which) const {
    return "object-" + std::to_string(settings_.seed) + "-" + std::to_string(number_) + "-" +
           std::to_string(which);
  }

  // Small ones are as likely as large ones.
  uint64_t random_bytes() {
    const double share = static_cast<double>(random_.below(1'000'000)) / 1e6;
    return static_cast<uint64_t>(std::pow(static_cast<double>(settings_.max_bytes), share));
  }

  template <typename Operation>
  bool timed(const char* what, size_t which, int also_good, Operation operation) {
    const Instant begin = clock_.now();
    const int result = operation();
    const double ms = static_cast<double>((clock_.now() - begin).ns) / 1e6;
    counts_.longest_ms = std::max(counts_.longest_ms, ms);
    if (result >= 0 || result == also_good) return true;
    ++counts_.failed;
    counts_.complain(std::string(what) + " " + name(which) + ": " + os_error_text(-result));
    return false;
  }

  void write(Cluster& cluster, size_t which) {
    const Piece piece{random_.next(), random_bytes()};
    const std::string data = string_of({piece});
    const auto write_it = [&] {
      return rados_write_full(cluster.pool(), name(which).c_str(), data.data(), data.size());
    };
    if (!timed("write", which, 0, write_it)) return;
    contents_[which] = {piece};
    ++counts_.writes;
    counts_.bytes_written += piece.bytes;
  }

  void append(Cluster& cluster, size_t which) {
    if (contents_[which].size() >= kMaxPieces) return write(cluster, which);
    const Piece piece{random_.next(), 1 + random_.below(kAppendBytes)};
    const std::string data = string_of({piece});
    const auto append_it = [&] {
      return rados_append(cluster.pool(), name(which).c_str(), data.data(), data.size());
    };
    if (!timed("append", which, 0, append_it)) return;
    contents_[which].push_back(piece);
    ++counts_.appends;
    counts_.bytes_written += piece.bytes;
  }

  void remove(Cluster& cluster, size_t which) {
    if (!timed("remove", which, -ENOENT, [&] { return rados_remove(cluster.pool(), name(which).c_str()); }))
      return;
    contents_[which].clear();
    ++counts_.removes;
  }

  void read(Cluster& cluster, size_t which) {
    const std::string expected = string_of(contents_[which]);
    // One byte more than there should be, so that what is too much shows.
    std::string data(expected.size() + 1, '\0');
    int result = 0;
    const bool answered = timed("read", which, -ENOENT, [&] {
      return result = rados_read(cluster.pool(), name(which).c_str(), data.data(), data.size(), 0);
    });
    if (!answered) return;
    ++counts_.reads;
    data.resize(static_cast<size_t>(std::max(result, 0)));
    counts_.bytes_read += data.size();
    const bool right = contents_[which].empty() ? result == -ENOENT : result >= 0 && data == expected;
    if (right) return;
    ++counts_.wrong;
    counts_.complain("read " + name(which) + ": " + std::to_string(result) +
                     " bytes, not what was written: " + std::to_string(expected.size()));
  }

  const Settings& settings_;
  uint32_t number_;
  Random random_;
  MonotonicClock clock_;
  std::vector<Content> contents_;
  Counts counts_;
};

int report(const std::vector<Worker>& workers, double seconds_taken) {
  Counts all;
  for (const Worker& worker : workers) {
    const Counts& one = worker.counts();
    all.writes += one.writes;
    all.appends += one.appends;
    all.reads += one.reads;
    all.removes += one.removes;
    all.bytes_written += one.bytes_written;
    all.bytes_read += one.bytes_read;
    all.failed += one.failed;
    all.wrong += one.wrong;
    all.verified += one.verified;
    all.longest_ms = std::max(all.longest_ms, one.longest_ms);
    for (const std::string& line : one.complaints) all.complain(line);
  }
  print({{"seconds", seconds_taken},
         {"writes", all.writes},
         {"appends", all.appends},
         {"reads", all.reads},
         {"removes", all.removes},
         {"bytes_written", all.bytes_written},
         {"bytes_read", all.bytes_read},
         {"failed", all.failed},
         {"wrong", all.wrong},
         {"verified", all.verified},
         {"longest_ms", all.longest_ms},
         {"complaints", all.complaints}});
  return all.failed + all.wrong == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  CLI::App app("A mixed load of Ceph objects that checks itself", "objects");
  Settings settings;
  app.add_option("--conf", settings.conf)->required();
  app.add_option("--pool", settings.pool);
  app.add_option("--user", settings.user);
  app.add_option("--seed", settings.seed);
  app.add_option("--most-bytes", settings.max_bytes);
  app.add_option("--seconds", settings.seconds_long);
  app.add_option("--threads", settings.threads)->check(CLI::Range(1, 64));
  app.add_option("--objects", settings.objects, "of each thread")->check(CLI::Range(1, 10000));
  CLI11_PARSE(app, argc, argv);
  stop_on_signals();

  const MonotonicClock clock;
  const Instant begin = clock.now();
  std::vector<Worker> workers;
  for (uint32_t i = 0; i < settings.threads; ++i) workers.emplace_back(settings, i);
  {
    Cluster cluster(settings);
    std::vector<std::thread> threads;
    for (Worker& worker : workers) {
      threads.emplace_back([&] { worker.run(cluster, begin + seconds(settings.seconds_long)); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  Cluster cluster(settings);
  for (Worker& worker : workers) worker.verify(cluster);
  return report(workers, static_cast<double>((clock.now() - begin).ns) / 1e9);
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
