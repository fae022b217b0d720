#include "telemetry/metrics.h"

#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "telemetry/prometheus_text_check.h"

namespace gateway::telemetry {
namespace {

// Goal: the text is exactly what Prometheus reads. Method: one registry, the whole text.
TEST(Registry, RendersFamiliesAndSeriesInAStableOrder) {
  Registry registry;
  registry.gauge("otlp_b", "A gauge.").set(1.5);
  registry.counter("otlp_a_total", "A \\ counter\nin two lines.", {{"status", "ok"}}).add(3);
  registry.counter("otlp_a_total", "", {{"status", "a\"b\\c\nd"}}).add();
  auto& histogram = registry.histogram("otlp_c_seconds", "A histogram.",
                                       std::vector<double>{0.1, 1}, {{"x", "y"}});
  histogram.observe(0.1);  // a bound belongs to its bucket
  histogram.observe(0.5);
  histogram.observe(2);
  EXPECT_EQ(registry.render(),
            "# HELP otlp_a_total A \\\\ counter\\nin two lines.\n"
            "# TYPE otlp_a_total counter\n"
            "otlp_a_total{status=\"a\\\"b\\\\c\\nd\"} 1\n"
            "otlp_a_total{status=\"ok\"} 3\n"
            "# HELP otlp_b A gauge.\n"
            "# TYPE otlp_b gauge\n"
            "otlp_b 1.5\n"
            "# HELP otlp_c_seconds A histogram.\n"
            "# TYPE otlp_c_seconds histogram\n"
            "otlp_c_seconds_bucket{x=\"y\",le=\"0.1\"} 1\n"
            "otlp_c_seconds_bucket{x=\"y\",le=\"1\"} 2\n"
            "otlp_c_seconds_bucket{x=\"y\",le=\"+Inf\"} 3\n"
            "otlp_c_seconds_sum{x=\"y\"} 2.6\n"
            "otlp_c_seconds_count{x=\"y\"} 3\n");
  EXPECT_EQ(prometheus_text_mistakes(registry.render()), "");
}

// Goal: a handle is found again. Method: same labels in another order.
TEST(Registry, TheSameLabelsInAnyOrderGiveTheSameSeries) {
  Registry registry;
  Counter& a = registry.counter("x_total", "X.", {{"a", "1"}, {"b", "2"}});
  Counter& b = registry.counter("x_total", "X.", {{"b", "2"}, {"a", "1"}});
  EXPECT_EQ(&a, &b);
  EXPECT_NE(&a, &registry.counter("x_total", "X.", {{"a", "2"}, {"b", "2"}}));
  const auto families = registry.families();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_EQ(families[0].type, "counter");
  EXPECT_EQ(families[0].label_names, (std::vector<std::string>{"a", "b"}));
}

// Goal: values computed on scrape end with their handle. Method: two for one series, then none.
TEST(Registry, TheNewestCallbackSpeaksAndGoesWithItsHandle) {
  Registry registry;
  const auto gauge = Registry::CallbackType::gauge;
  auto old_handle = registry.callback(gauge, "lag", "Lag.", {{"e", "1"}}, [] { return 1.0; });
  {
    auto new_handle = registry.callback(gauge, "lag", "Lag.", {{"e", "1"}}, [] { return 2.0; });
    EXPECT_NE(registry.render().find("lag{e=\"1\"} 2\n"), std::string::npos);
    auto moved = std::move(new_handle);
    EXPECT_NE(registry.render().find("lag{e=\"1\"} 2\n"), std::string::npos);
  }
  EXPECT_NE(registry.render().find("lag{e=\"1\"} 1\n"), std::string::npos);
  old_handle = {};
  EXPECT_EQ(registry.render(), "");
}

// Goal: special numbers are Prometheus's words. Method: NaN and infinities.
TEST(Registry, NumbersThatAreNoneHaveTheirNames) {
  Registry registry;
  registry.gauge("n", "N.", {{"k", "a"}}).set(std::nan(""));
  registry.gauge("n", "N.", {{"k", "b"}}).set(HUGE_VAL);
  registry.gauge("n", "N.", {{"k", "c"}}).set(-HUGE_VAL);
  registry.gauge("n", "N.", {{"k", "d"}}).set(1e21);
  const std::string text = registry.render();
  EXPECT_NE(text.find("n{k=\"a\"} NaN\nn{k=\"b\"} +Inf\nn{k=\"c\"} -Inf\nn{k=\"d\"} 1e+21\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(prometheus_text_mistakes(text), "");
}

// Goal: outside input cannot grow the registry. Method: more label values than the limit.
TEST(Registry, BeyondTheLimitSeriesShareOne) {
  Registry registry;
  for (std::size_t i = 0; i < kSeriesPerFamilyMax + 10; ++i) {
    registry.counter("x_total", "X.", {{"v", std::to_string(i)}}).add();
  }
  const std::string text = registry.render();
  EXPECT_NE(text.find("x_total{v=\"_overflow\"} 10\n"), std::string::npos);
  EXPECT_EQ(prometheus_text_mistakes(text), "");
}

// Goal: a label value with broken UTF-8 does not spoil the scrape. Method: such a value.
TEST(Registry, LabelValuesAreAlwaysUtf8) {
  Registry registry;
  registry.counter("x_total", "X.", {{"v", "a\xFF"}}).add();
  EXPECT_NE(registry.render().find("x_total{v=\"a\xEF\xBF\xBD\"} 1\n"), std::string::npos);
}

// Goal: the checker of this file is worth something. Method: texts with one mistake each.
TEST(PrometheusTextCheck, FindsMistakes) {
  const std::string head = "# HELP a_total A.\n# TYPE a_total counter\n";
  EXPECT_EQ(prometheus_text_mistakes(head + "a_total 1\n"), "");
  for (const std::string& text : {
           std::string("a_total 1\n"),                           // no TYPE
           head + "a_total 1",                                   // no newline at the end
           head + "a_total{x=\"1} 1\n",                          // open quote
           head + "a_total one\n",                               // no number
           head + "a_total 1\na_total 2\n",                      // twice
           head + "a_total 1\n" + head + "a_total{b=\"\"} 1\n",  // a family twice
           std::string("# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\n"
                       "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),  // not cumulative
           std::string("# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\n"
                       "h_count 1\n"),  // no +Inf
       }) {
    SCOPED_TRACE(text);
    EXPECT_NE(prometheus_text_mistakes(text), "");
  }
}

// Goal: counts are exact under load, and scraping beside it is safe. Method: threads and render().
TEST(Registry, ManyThreadsCountExactly) {
  Registry registry;
  Counter& counter = registry.counter("x_total", "X.");
  Histogram& histogram = registry.histogram("h_seconds", "H.", kLatencyBoundsSeconds);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        counter.add();
        histogram.observe(0.001);
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(prometheus_text_mistakes(registry.render()), "");
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 20000U);
  EXPECT_NE(registry.render().find("h_seconds_count 20000\n"), std::string::npos);
  EXPECT_NEAR(histogram.sum(), 20.0, 1e-6);
}

// Goal: bugs in names are found at once. Method: registrations that must abort.
TEST(RegistryDeathTest, MalformedNamesAndConflictsAbort) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Registry registry;
  registry.counter("x_total", "X.", {{"a", "1"}});
  EXPECT_DEATH(registry.counter("no-name_total", "X."), "is_name");
  EXPECT_DEATH(registry.counter("x", "X."), "_total");
  EXPECT_DEATH(registry.counter("x_total", "X.", {{"b", "1"}}), "label_names");
  EXPECT_DEATH(registry.gauge("x_total", "X."), "_total");
}

}  // namespace
}  // namespace gateway::telemetry
