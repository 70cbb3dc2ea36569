// The attackers' models against what they should be, done slowly.
#include <gmock/gmock.h>

#include <cmath>

#include "audit/attack.hh"
#include "audit/convolution.hh"
#include "audit/information.hh"
#include "audit/neighbours.hh"
#include "audit/ridge.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {
namespace {

Pair make_pair(size_t blocks, size_t windows_a_block, size_t every_nth_is_1 = 2) {
  Pair pair;
  for (size_t b = 0; b < blocks; ++b) {
    pair.block_labels.push_back(b % every_nth_is_1 == 0 ? 1 : 0);
    for (size_t w = 0; w < windows_a_block; ++w) {
      pair.rows.push_back(pair.rows.size());
      pair.block_of.push_back(b);
    }
  }
  return pair;
}

Matrix noise(const Pair& pair, size_t columns, double shift, uint64_t seed) {
  Random random(seed);
  Matrix data{pair.rows.size(), columns, {}};
  for (size_t i = 0; i < data.rows; ++i) {
    for (size_t c = 0; c < columns; ++c) {
      const double moved = c == 0 && pair.label(i) == 1 ? shift : 0;
      data.values.push_back(static_cast<float>(random.unit() + random.unit() - 1 + moved));
    }
  }
  return data;
}

TEST(Scaling, RanksAndWhatIsNotKnown) {
  const Matrix data{4, 3, {5, 1, NAN, 7, 1, 2, 900, 1, 4, 6, 1, NAN}};
  const std::vector<size_t> rows{0, 1, 2, 3};
  const Matrix scaled = scale_columns(data, rows, Scaling::ranks);
  ASSERT_EQ(scaled.columns, 2u);  // the second does not vary
  EXPECT_LT(scaled.at(0, 0), scaled.at(3, 0));
  EXPECT_NEAR(scaled.at(2, 0) - scaled.at(1, 0), scaled.at(1, 0) - scaled.at(3, 0), 1e-6);  // no outlier
  EXPECT_EQ(scaled.at(0, 1), 0);
  EXPECT_EQ(scaled.at(1, 1), -scaled.at(2, 1));
}

TEST(Ridge, FindsAShiftAndNothingWhereThereIsNone) {
  const Pair pair = make_pair(40, 10);
  const Folds folds = Folds::deal(pair, 5, 1);
  const auto accuracy = [&](double shift, uint64_t seed) {
    const Gram gram = gram_of(scale_columns(noise(pair, 20, shift, seed), pair.rows, Scaling::ranks));
    const RidgeFolds model(gram, folds.of_row, 0.03);
    return balanced_accuracy(pair, model.guess(pair.labels()));
  };
  EXPECT_GT(accuracy(0.8, 1), 0.75);
  double sum = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) sum += accuracy(0, seed) / 10;
  EXPECT_NEAR(sum, 0.5, 0.03);
}

TEST(Ridge, ARareClassWeighsAsMuch) {
  // As many columns as windows, each of which tells a little: what the model says of rows it did not see is
  // much smaller than of those it did, and nearer to the larger class.
  const Pair pair = make_pair(40, 10, 5);
  const Folds folds = Folds::deal(pair, 5, 1);
  Matrix data = noise(pair, 400, 0, 1);
  for (size_t i = 0; i < data.rows; ++i) {
    for (size_t c = 0; c < data.columns; ++c)
      data.values[i * data.columns + c] += pair.label(i) == 1 ? 0.1f : 0;
  }
  const Gram gram = gram_of(scale_columns(data, pair.rows, Scaling::ranks));
  const auto guesses = RidgeFolds(gram, folds.of_row, 0.03).guess(pair.labels());
  double share[2] = {0, 0};
  for (size_t i = 0; i < guesses.size(); ++i) share[pair.label(i)] += guesses[i] > 0.5 ? 1 : 0;
  EXPECT_GT(share[1] / static_cast<double>(pair.windows(1)), 0.8);
  EXPECT_LT(share[0] / static_cast<double>(pair.windows(0)), 0.2);
}

TEST(Ridge, HeldOutRowsHaveNoSay) {
  const Pair pair = make_pair(40, 10);
  const Folds folds = Folds::deal(pair, 5, 1);
  const Gram gram = gram_of(scale_columns(noise(pair, 20, 0.8, 1), pair.rows, Scaling::ranks));
  const RidgeFolds model(gram, folds.of_row, 0.03);
  std::vector<int> labels = pair.labels();
  const auto expected = model.guess(labels);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (folds.of_row[i] == 0) labels[i] = 1 - labels[i];
  }
  const auto misled = model.guess(labels);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (folds.of_row[i] != 0) continue;
    EXPECT_NEAR(misled[i], expected[i], 1e-9);
  }
}

TEST(Neighbours, AreOfOtherFoldsAndNearest) {
  const Pair pair = make_pair(8, 4);
  const Folds folds = Folds::deal(pair, 4, 1);
  // Windows of a block are the same point: whoever looked inside the block would be right every time.
  Matrix data{pair.rows.size(), 2, {}};
  Random random(3);
  std::vector<float> place(8);
  for (float& p : place) p = static_cast<float>(random.unit());
  for (const size_t block : pair.block_of) {
    data.values.push_back(place[block]);
    data.values.push_back(-place[block]);
  }
  const Gram gram = gram_of(scale_columns(data, pair.rows, Scaling::deviation));
  const auto guesses = Neighbours(gram, folds.of_row, 3).guess_by_nearest(pair.labels());
  for (size_t i = 0; i < guesses.size(); ++i) {
    double nearest = 1e9;
    int label = -1;
    for (size_t j = 0; j < guesses.size(); ++j) {
      const double distance = std::fabs(place[pair.block_of[i]] - place[pair.block_of[j]]);
      if (folds.of_row[i] != folds.of_row[j] && distance < nearest) nearest = distance, label = pair.label(j);
    }
    EXPECT_EQ(guesses[i], label) << i;
  }
}

TEST(Neighbours, TheBoundOnEveryClassifier) {
  EXPECT_DOUBLE_EQ(accuracy_bound(1), 1);
  EXPECT_DOUBLE_EQ(accuracy_bound(0.5), 0.5);
  EXPECT_DOUBLE_EQ(accuracy_bound(0.4), 0.5);
  EXPECT_NEAR(accuracy_bound(0.52), 0.6, 1e-12);  // error 0.48: (1 + sqrt(1 - 0.96)) / 2
  EXPECT_NEAR(accuracy_bound(0.82), 0.9, 1e-12);  // twice 0.9 * 0.1, as two equal classes at 0.9 have it
}

TEST(Convolution, SharesAreThoseOfTheKernelsDoneSlowly) {
  Random random(1);
  Sequences sequences{"s", {}};
  for (int row = 0; row < 12; ++row) {
    std::vector<float> values;
    for (int t = 0; t < 60; ++t) values.push_back(static_cast<float>(random.unit()));
    sequences.rows.push_back(values);
  }
  Progress quiet(Progress::Show::no);
  ConvolutionOptions options;
  options.max_columns = 84;
  options.max_dilation = 1;
  const Matrix found = convolve({sequences}, options, quiet);
  ASSERT_EQ(found.columns, 84u);
  // Every column is the share above some bias for one of the 84 kernels: there is a kernel and a bias that
  // give exactly this column.
  const auto products = [&](size_t row, size_t a, size_t b, size_t c) {
    std::vector<double> result;
    const auto& x = sequences.rows[row];
    for (size_t t = 0; t + 8 < x.size(); ++t) {
      double sum = 0;
      for (size_t tap = 0; tap < 9; ++tap) sum += (tap == a || tap == b || tap == c ? 2 : -1) * x[t + tap];
      result.push_back(sum);
    }
    std::sort(result.begin(), result.end());
    return result;
  };
  const auto explains = [&](size_t column, size_t a, size_t b, size_t c) {
    double low = -1e9;
    double high = 1e9;  // the bias lies between these in every row
    for (size_t row = 0; row < 12; ++row) {
      const auto sorted = products(row, a, b, c);
      const auto above = static_cast<size_t>(
          std::lround(static_cast<double>(found.at(row, column)) * static_cast<double>(sorted.size())));
      const size_t below = sorted.size() - above;
      if (below > 0) low = std::max(low, sorted[below - 1]);
      if (above > 0) high = std::min(high, sorted[below]);
    }
    return low <= high + 1e-5;
  };
  for (const size_t column : {size_t{0}, size_t{41}, size_t{83}}) {
    int explained = 0;
    for (size_t a = 0; a < 9; ++a) {
      for (size_t b = a + 1; b < 9; ++b) {
        for (size_t c = b + 1; c < 9; ++c) explained += explains(column, a, b, c) ? 1 : 0;
      }
    }
    EXPECT_GE(explained, 1) << column;
    EXPECT_LE(explained, 3) << column;
  }
}

TEST(Convolution, AShortSequenceIsNotKnown) {
  Sequences sequences{"s", std::vector<std::vector<float>>(5, std::vector<float>(40, 1))};
  for (size_t i = 0; i < 40; ++i) sequences.rows[1][i] = static_cast<float>(i % 7);
  sequences.rows[2] = {1, 2, 3};
  Progress quiet(Progress::Show::no);
  const Matrix found = convolve({sequences}, {}, quiet);
  ASSERT_GT(found.columns, 0u);
  for (size_t c = 0; c < found.columns; ++c) {
    EXPECT_TRUE(std::isnan(found.at(2, c)));
    EXPECT_FALSE(std::isnan(found.at(1, c)));
  }
  EXPECT_EQ(convolve({}, {}, quiet).columns, 0u);
}

TEST(Information, OfGuesses) {
  const Pair pair = make_pair(40, 25);
  const Folds folds = Folds::deal(pair, 5, 1);
  Random random(5);
  std::vector<double> perfect;
  std::vector<double> chance;
  std::vector<double> noisy;  // right nine times of ten, and much too sure of it
  for (size_t i = 0; i < pair.rows.size(); ++i) {
    perfect.push_back(pair.label(i));
    chance.push_back(random.unit());
    const bool right = random.chance(0.9);
    noisy.push_back(right == (pair.label(i) == 1) ? 0.9999 : 0.0001);
  }
  EXPECT_GT(information_of(pair, folds, perfect, 1).bits_a_window, 0.9);
  EXPECT_LT(information_of(pair, folds, chance, 1).bits_a_window, 0.005);
  EXPECT_LT(information_of(pair, folds, chance, 1).bits_95.high, 0.02);
  EXPECT_NEAR(information_of(pair, folds, noisy, 1).bits_a_window, 0.531, 0.08);  // 1 - H(0.1)
}

TEST(Permutation, TheBestOfSeveralIsComparedWithTheBestOfSeveral) {
  // Eight attackers that know nothing: the best of them is well above 0.5, and that must be no finding.
  const Pair pair = make_pair(40, 5);
  const Folds folds = Folds::deal(pair, 5, 1);
  Progress quiet(Progress::Show::no);
  AttackOptions options;
  options.permutations = 39;
  int small = 0;
  for (uint64_t round = 0; round < 12; ++round) {
    Attackers attackers;
    double best = 0;
    for (uint64_t k = 0; k < 8; ++k) {
      const Gram gram =
          gram_of(scale_columns(noise(pair, 4, 0, 1 + 8 * round + k), pair.rows, Scaling::ranks));
      attackers.push_back(linear_attacker("useless", gram, folds, 0.03));
      best = std::max(best, balanced_accuracy(pair, *attackers.back()->guess(pair)));
    }
    EXPECT_GT(best, 0.5);
    options.seed = round + 1;
    if (permutation_test(attackers, pair, folds, best, options, quiet)->p <= 0.1) ++small;
  }
  EXPECT_LE(small, 4);  // one of twelve is expected; the best one's own test would give seven
}

TEST(Permutation, ShufflingInsideFoldsKeepsEachFoldsClasses) {
  const Pair pair = make_pair(24, 3, 3);
  const Folds folds = Folds::deal(pair, 5, 1);
  EXPECT_EQ(folds.count, 4u);  // eight blocks of the rarer class: two in each fold
  Random random(1);
  int moved = 0;
  for (int round = 0; round < 20; ++round) {
    const Pair shuffled = pair.shuffled_within(folds.of_block, random);
    for (size_t fold = 0; fold < folds.count; ++fold) {
      int before = 0;
      int after = 0;
      for (size_t b = 0; b < 24; ++b) {
        if (folds.of_block[b] != fold) continue;
        before += pair.block_labels[b];
        after += shuffled.block_labels[b];
      }
      EXPECT_EQ(before, after);
    }
    if (shuffled.block_labels != pair.block_labels) ++moved;
  }
  EXPECT_GT(moved, 15);
}

}  // namespace
}  // namespace cuttle::audit
