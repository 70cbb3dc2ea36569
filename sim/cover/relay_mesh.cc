#include "sim/cover/relay_mesh.hh"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cuttle::sim {

namespace {

// Pairs share what room there is in so many rounds, so that none takes all of it first.
constexpr int kRounds = 8;
constexpr double kAlmostNothing = 1e-9;

struct Pair {
  size_t from;
  size_t to;
  double left;  // over what its own link carries
  double sent;
  std::vector<double> over;  // each relay
};

class Mesh {
 public:
  Mesh(size_t nodes, double link_rate, size_t dead)
      : nodes_(nodes), rate_(link_rate), room_(nodes * nodes, link_rate) {
    for (size_t i = 0; dead < nodes && i < nodes; ++i) room(i, dead) = room(dead, i) = 0;
  }

  double& room(size_t from, size_t to) { return room_[from * nodes_ + to]; }
  double fullest() const {
    double min = rate_;
    for (size_t i = 0; i < nodes_; ++i) {
      for (size_t j = 0; j < nodes_; ++j) {
        if (i != j) min = std::min(min, room_[i * nodes_ + j]);
      }
    }
    return 1 - min / rate_;
  }

  // Sends up to `wanted` more over relays; returns what went.
  double relay(Pair& pair, double wanted, RelayMutant mutant) {
    const auto through = [&](size_t k) {
      return k == pair.from || k == pair.to ? 0 : std::min(room(pair.from, k), room(k, pair.to));
    };
    double all = 0;
    for (size_t k = 0; k < nodes_; ++k) all += through(k);
    if (all <= kAlmostNothing) return 0;
    double went = 0;
    for (size_t k = 0; k < nodes_ && went < wanted; ++k) {
      const double has = through(k);
      const double part =
          mutant == RelayMutant::one_relay ? std::min(has, wanted - went) : has * std::min(1.0, wanted / all);
      room(pair.from, k) -= part;
      room(k, pair.to) -= part;
      went += part;
      pair.over[k] += part;
    }
    return went;
  }

 private:
  size_t nodes_;
  double rate_;
  std::vector<double> room_;
};

}  // namespace

double Matrix::sum() const {
  return std::accumulate(rates_.begin(), rates_.end(), 0.0);
}

double Matrix::largest_sum() const {
  double largest = 0;
  for (size_t i = 0; i < nodes_; ++i) {
    double row = 0;
    double column = 0;
    for (size_t j = 0; j < nodes_; ++j) row += at(i, j), column += at(j, i);
    largest = std::max({largest, row, column});
  }
  return largest;
}

Matrix draw_matrix(Random& random, size_t nodes, size_t permutations) {
  Matrix matrix(nodes);
  std::vector<double> weights(permutations);
  for (double& weight : weights) weight = -std::log(1 - random.unit());
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<size_t> order(nodes);
  for (const double weight : weights) {
    // A cycle through all nodes in a drawn order: nobody sends to itself.
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t i = nodes - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
    for (size_t i = 0; i < nodes; ++i) matrix.at(order[i], order[(i + 1) % nodes]) += weight / all;
  }
  return matrix;
}

Matrix without_node(Matrix matrix, size_t node) {
  for (size_t i = 0; i < matrix.nodes(); ++i) matrix.at(i, node) = matrix.at(node, i) = 0;
  return matrix;
}

Relayed carry(const Matrix& matrix, double link_rate, RelayMutant mutant, size_t dead) {
  const size_t nodes = matrix.nodes();
  Mesh mesh(nodes, link_rate, dead);
  std::vector<Pair> left_over;
  double carried = 0;
  for (size_t i = 0; i < nodes; ++i) {
    for (size_t j = 0; j < nodes; ++j) {
      if (matrix.at(i, j) <= 0) continue;
      const double direct = std::min(matrix.at(i, j), mesh.room(i, j));
      mesh.room(i, j) -= direct;
      carried += direct;
      if (direct < matrix.at(i, j)) {
        left_over.push_back({i, j, matrix.at(i, j) - direct, matrix.at(i, j), std::vector<double>(nodes)});
      }
    }
  }
  double relayed = 0;
  for (int round = kRounds; round > 0 && mutant != RelayMutant::direct_only; --round) {
    for (Pair& pair : left_over) {
      const double went = mesh.relay(pair, pair.left / round, mutant);
      pair.left -= went;
      relayed += went;
    }
  }
  Relayed result;
  result.carried = (carried + relayed) / matrix.sum();
  result.fullest_link = mesh.fullest();
  result.relayed_share = relayed / (carried + relayed);
  for (const Pair& pair : left_over) {
    const double max = *std::ranges::max_element(pair.over);
    result.largest_share_over_one = std::max(result.largest_share_over_one, max / pair.sent);
  }
  return result;
}

}  // namespace cuttle::sim
