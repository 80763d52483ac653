# Reference numbers for curves and tests, from R's survival package.
# Run in the root of the project: Rscript tests/reference/survival/curves.R
# TELCO, an environment variable, names a CSV of the Telco sample with 7,043 rows (tenure, churn, contract, …); without it
# the numbers of that sample are not written again.
library(survival)
folder <- "tests/reference/survival"
rows <- list()
put <- function(case, group, quantity, time, estimate, std_error = NA, low = NA, high = NA)
  rows[[length(rows) + 1]] <<- data.frame(case, group, quantity, time, estimate, std_error, low, high)

curve <- function(case, fit, times) {
  s <- summary(fit, times = times, extend = TRUE)
  g <- if (is.null(s$strata)) "all" else sub(".*=", "", as.character(s$strata))
  put(case, g, "survival", s$time, s$surv, s$std.err, s$lower, s$upper)
}
medians <- function(case, fit, p = 0.5) {
  q <- quantile(fit, p)
  g <- if (is.null(fit$strata)) "all" else sub(".*=", "", names(fit$strata))
  put(case, g, paste0("quantile ", p), NA, as.vector(q$quantile), NA, as.vector(q$lower), as.vector(q$upper))
}
means <- function(case, fit, until) {
  t <- rbind(summary(fit, rmean = until)$table)
  g <- if (is.null(fit$strata)) "all" else sub(".*=", "", names(fit$strata))
  put(case, g, "restricted mean", until, t[, "rmean"], t[, "se(rmean)"])
}
hazards <- function(case, fit, times) {
  s <- summary(fit, times = times, extend = TRUE)
  put(case, "all", "cumulative hazard", s$time, s$cumhaz, s$std.chaz)
}

write.csv(data.frame(duration = lung$time, churned = lung$status == 2, sex = lung$sex, ecog = lung$ph.ecog,
  age = lung$age), file.path(folder, "curves_lung.csv"), row.names = FALSE)
for (type in c("log", "log-log", "plain")) {
  fit <- survfit(Surv(time, status) ~ 1, lung, conf.type = type)
  curve(paste("lung", type), fit, c(100, 250, 500, 800))
  medians(paste("lung", type), fit)
}
fit <- survfit(Surv(time, status) ~ 1, lung)
means("lung log", fit, 730)
means("lung log", fit, 400)
hazards("lung log", fit, c(100, 250, 500))
bysex <- survfit(Surv(time, status) ~ sex, lung)
curve("lung by sex", bysex, c(250, 500)); medians("lung by sex", bysex); medians("lung by sex", bysex, 0.25)
means("lung by sex", bysex, 730)
test <- function(case, formula, data) {
  d <- survdiff(formula, data)
  put(case, "all", "log-rank", length(d$n) - 1, d$chisq)
}
test("lung sex", Surv(time, status) ~ sex, lung)
test("lung ecog", Surv(time, status) ~ ph.ecog, subset(lung, ph.ecog < 3))
test("lung sex strata ecog", Surv(time, status) ~ sex + strata(ph.ecog), subset(lung, ph.ecog < 3))

# Late entry and whole weights: a made table.
set.seed(11)
n <- 300
late <- data.frame(entry = rpois(n, 4), weight = sample(1:4, n, TRUE))
late$duration <- late$entry + 1 + rpois(n, 9)
late$churned <- runif(n) < 0.6
late$reason <- ifelse(late$churned, sample(c("price", "moved", "service"), n, TRUE, c(.5, .2, .3)), NA)
write.csv(late, file.path(folder, "curves_late.csv"), row.names = FALSE)
fit <- survfit(Surv(entry, duration, churned) ~ 1, late)
curve("late", fit, c(5, 10, 15, 20)); medians("late", fit); means("late", fit, 20)
hazards("late", fit, c(10, 15))
several <- late[rep(seq_len(n), late$weight), ]
fit <- survfit(Surv(entry, duration, churned) ~ 1, several)
curve("late weighted", fit, c(10, 15, 20)); medians("late weighted", fit); means("late weighted", fit, 20)

# Competing reasons: Aalen–Johansen.
incidence <- function(case, data, times) {
  data$id <- seq_len(nrow(data))
  data$event <- factor(ifelse(data$churned, as.character(data$reason), "none"),
    levels = c("none", sort(unique(as.character(data$reason[data$churned])))))
  fit <- if ("entry" %in% names(data)) survfit(Surv(entry, duration, event) ~ 1, data, id = id) else
    survfit(Surv(duration, event) ~ 1, data)
  s <- summary(fit, times = times, extend = TRUE)
  for (k in seq_along(fit$states)[-1]) {
    put(case, fit$states[k], "incidence", s$time, s$pstate[, k], s$std.err[, k], s$lower[, k], s$upper[, k])
  }
}
m <- with(mgus2, data.frame(duration = ifelse(pstat == 0, futime, ptime), reason = ifelse(pstat == 1, "pcm",
  ifelse(death == 1, "death", NA))))
m$churned <- !is.na(m$reason)
write.csv(m, file.path(folder, "curves_mgus2.csv"), row.names = FALSE)
incidence("mgus2", m, c(12, 60, 120, 240, 360))
incidence("late", late[, c("entry", "duration", "churned", "reason")], c(8, 12, 16, 20))

path <- Sys.getenv("TELCO")
if (nzchar(path)) {
  telco <- read.csv(path)
  telco$out <- telco$churn == "Yes"
  fit <- survfit(Surv(tenure, out) ~ 1, telco)
  curve("telco", fit, c(1, 6, 12, 24, 36, 48, 60, 72)); means("telco", fit, 72)
  test("telco contract", Surv(tenure, out) ~ contract, telco)
  test("telco contract strata internet", Surv(tenure, out) ~ contract + strata(internet_service), telco)
  some <- subset(telco, contract == "Month-to-month" & internet_service != "No")
  fit <- survfit(Surv(tenure, out) ~ 1, some)
  curve("telco month to month", fit, c(6, 12, 24, 34, 48, 60)); medians("telco month to month", fit)
  means("telco month to month", fit, 72)
}
out <- do.call(rbind, rows)
for (name in c("estimate", "std_error", "low", "high")) out[[name]] <- formatC(out[[name]], digits = 12, format = "g")
write.csv(out, file.path(folder, "curves.csv"), row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("survival", packageVersion("survival"))), file.path(folder, "curves_made-with.txt"))
