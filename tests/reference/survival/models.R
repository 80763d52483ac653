# Reference numbers for the models of the survival family, by R's survival, splines and stats.
# Run in the root of the project, with the path of rossi.csv (it ships with lifelines, in lifelines/datasets):
#   Rscript tests/reference/survival/models.R PATH/rossi.csv
# It writes models.csv (case, term, what, value) and heart.csv, lung.csv: the data sets `heart` (Crowley and Hu 1977) and
# `lung` (Loprinzi et al. 1994) as they stand in R's package survival (LGPL), rows with empty cells of lung left out.
library(survival); library(splines)
out <- "tests/reference/survival/"
rossi <- read.csv(commandArgs(TRUE)[1])
rows <- NULL
put <- function(case, term, what, value) rows <<- rbind(rows, data.frame(case, term, what, value = signif(as.numeric(value), 12)))
fit_to <- function(case, f, robust = FALSE) {
  n <- names(coef(f))
  put(case, n, "estimate", coef(f)); put(case, n, "std_error", sqrt(diag(f$var)))
  if (!is.null(f$naive.var)) put(case, n, "model_std_error", sqrt(diag(f$naive.var)))
  put(case, "", "log_likelihood_null", f$loglik[1]); put(case, "", "log_likelihood", f$loglik[2])
}
zph_to <- function(case, f, transform) {
  z <- cox.zph(f, transform = transform)
  put(paste0(case, "_", transform), rownames(z$table), "statistic", z$table[, "chisq"])
}
tight <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 60)
every <- Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio
i <- seq_len(nrow(rossi)) - 1
rossi$w <- 1 + 0.5 * (i %% 3)
rossi$entry <- pmin(rossi$week - 1, 3 * (i %% 5))
rossi$store <- i %% 40

efron <- coxph(every, rossi, control = tight); fit_to("efron", efron)
breslow <- coxph(every, rossi, ties = "breslow", control = tight); fit_to("breslow", breslow)
fit_to("robust", coxph(every, rossi, robust = TRUE, control = tight))
fit_to("breslow_robust", coxph(every, rossi, ties = "breslow", robust = TRUE, control = tight))
fit_to("cluster", coxph(every, rossi, cluster = store, control = tight))
strata_fit <- coxph(Surv(week, arrest) ~ fin + age + race + mar + paro + prio + strata(wexp), rossi, control = tight)
fit_to("strata", strata_fit)
weighted <- coxph(every, rossi, weights = w, robust = TRUE, control = tight); fit_to("weights", weighted)
fit_to("weights_breslow", coxph(every, rossi, weights = w, ties = "breslow", robust = TRUE, control = tight))
late <- coxph(Surv(entry, week, arrest) ~ fin + age + race + wexp + mar + paro + prio, rossi, control = tight); fit_to("late", late)
fit_to("late_strata_weights", coxph(Surv(entry, week, arrest) ~ fin + age + mar + paro + prio + strata(race, wexp), rossi,
  weights = w, cluster = i, control = tight))
counting <- coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, cluster = id, control = tight)
fit_to("heart", counting)
lung_rows <- na.omit(lung[, c("time", "status", "age", "sex", "ph.ecog")])
lung_fit <- coxph(Surv(time, status == 2) ~ age + sex + ph.ecog, lung_rows, control = tight); fit_to("lung", lung_fit)
fit_to("ridge", coxph(Surv(week, arrest) ~ ridge(fin, age, race, wexp, mar, paro, prio, theta = 1, scale = FALSE), rossi))

for (t in c("km", "identity", "log", "rank")) {
  zph_to("zph", efron, t); zph_to("zph_breslow", breslow, t); zph_to("zph_strata", strata_fit, t)
  zph_to("zph_late", late, t); zph_to("zph_heart", coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart), t)
  zph_to("zph_lung", lung_fit, t)
}
bins <- coxph(Surv(week, arrest) ~ fin + factor(pmin(prio, 2)), rossi, control = tight)
z <- cox.zph(bins); put("zph_factor", c("fin", "prior", "GLOBAL"), "statistic", z$table[, 1]); put("zph_factor", c("fin", "prior", "GLOBAL"), "df", z$table[, 2])

base <- basehaz(efron, centered = FALSE); at <- c(1, 10, 20, 52)
put("baseline", at, "cumulative_hazard", base$hazard[match(at, base$time)])
new <- data.frame(fin = 0:1, age = 25, race = 1, wexp = 0, mar = 0, paro = 1, prio = 3)
curves <- function(case, f, times, new, ...) {
  s <- summary(survfit(f, newdata = new, conf.type = "log-log", ...), times = times)
  part <- function(x) if (is.matrix(x)) x else matrix(x, ncol = nrow(new))
  for (k in seq_len(nrow(new))) {
    put(paste0(case, "_", k), times, "survival", part(s$surv)[, k]); put(paste0(case, "_", k), times, "std_error", part(s$std.err)[, k])
    put(paste0(case, "_", k), times, "conf_low", part(s$lower)[, k]); put(paste0(case, "_", k), times, "conf_high", part(s$upper)[, k])
  }
}
curves("curve", efron, c(10, 20, 52), new)
curves("curve_breslow", breslow, c(10, 20, 52), new)
curves("curve_weights", weighted, c(10, 20, 52), new)
curves("curve_late", late, c(10, 20, 52), new)
curves("curve_from_10", efron, c(20, 52), new, start.time = 10.5)  # R counts ends at start.time itself
for (k in 0:1) curves(paste0("curve_strata_", k), strata_fit, c(10, 20, 52), cbind(new[, -4], wexp = k))

some <- c(1, 2, 3, 50, 100, 200, 432)
for (kind in c("martingale", "deviance")) put("residuals", some, kind, residuals(efron, kind)[some])
d <- residuals(efron, "dfbeta")[some, ]; s <- residuals(efron, "score")[some, ]
for (k in 1:7) { put("dfbeta", some, names(coef(efron))[k], d[, k]); put("score", some, names(coef(efron))[k], s[, k]) }
put("residuals_heart", 1:6, "martingale", residuals(counting, "martingale")[1:6])

conc <- function(case, ...) { x <- concordance(...); put(case, "", "estimate", x$concordance); put(case, "", "std_error", sqrt(x$var)) }
conc("concordance_rossi", efron); conc("concordance_lung", lung_fit); conc("concordance_lung_uno", lung_fit, timewt = "n/G2")
conc("concordance_age", Surv(week, arrest) ~ age, rossi)
put("lung_risk", seq_len(nrow(lung_rows)), "linear_predictor", predict(lung_fit))

aft <- function(case, f) {
  n <- c(names(coef(f)), if (nrow(f$var) > length(coef(f))) "Log(scale)")
  put(case, names(coef(f)), "estimate", coef(f)); put(case, n, "std_error", sqrt(diag(f$var)))
  put(case, "", "scale", f$scale); put(case, "", "log_likelihood", f$loglik[2])
}
slow <- survreg.control(rel.tolerance = 1e-14, maxiter = 200)
for (d in c("weibull", "lognormal", "loglogistic", "exponential")) aft(d, survreg(every, rossi, dist = d, control = slow))
aft("weibull_weights", survreg(every, rossi, weights = w, dist = "weibull", control = slow))
# Late entry, which survreg cannot: the likelihood written out, climbed from a fit that ignores it.
x <- model.matrix(~ fin + age + prio, rossi)
truncated <- function(p, stay, dens) { mu <- drop(x %*% p[1:4]); s <- exp(p[5]); e <- rossi$entry
  -sum(ifelse(rossi$arrest == 1, log(dens(rossi$week, mu, s)), log(stay(rossi$week, mu, s))) - ifelse(e > 0, log(stay(pmax(e, 1e-9), mu, s)), 0)) }
climb <- function(case, dist, stay, dens) {
  start <- survreg(Surv(week, arrest) ~ fin + age + prio, rossi, dist = dist)
  p <- c(coef(start), log(start$scale))
  for (k in 1:8) p <- optim(p, truncated, stay = stay, dens = dens, method = if (k %% 2) "Nelder-Mead" else "BFGS", control = list(reltol = 1e-16, maxit = 5000))$par
  h <- optimHess(p, truncated, stay = stay, dens = dens, control = list(ndeps = rep(1e-4, 5)))
  put(case, c(colnames(x), "log_scale"), "estimate", p); put(case, c(colnames(x), "log_scale"), "std_error", sqrt(diag(solve(h))))
  put(case, "", "log_likelihood", -truncated(p, stay, dens))
}
climb("late_weibull", "weibull", function(t, m, s) exp(-(t / exp(m))^(1 / s)), function(t, m, s) dweibull(t, 1 / s, exp(m)))
climb("late_log_normal", "lognormal", function(t, m, s) plnorm(t, m, s, lower.tail = FALSE), function(t, m, s) dlnorm(t, m, s))

long <- survSplit(Surv(week, arrest) ~ ., rossi, cut = 1:52, start = "from", end = "period", event = "left")
deep <- glm.control(epsilon = 1e-14, maxit = 60)
open <- long[long$period %in% unique(long$period[long$left == 1]), ]
# glm's errors are those of the expected information, which for cloglog is not that of the data: here the latter, its
# second derivatives by differences.
observed <- function(f, l) {
  eta <- f$linear.predictors; h <- 1e-3
  loglik <- function(e) dbinom(f$y, 1, binomial(l)$linkinv(e), log = TRUE)
  bend <- (loglik(eta + h) - 2 * loglik(eta) + loglik(eta - h)) / h^2
  x <- model.matrix(f); solve(-crossprod(x * bend, x))
}
for (l in c("logit", "cloglog")) {
  f <- glm(left ~ factor(period) + fin + age + prio + mar, binomial(l), open, control = deep)
  n <- c("fin", "age", "prio", "mar"); put(paste0("each_", l), n, "estimate", coef(f)[n]); put(paste0("each_", l), n, "std_error", sqrt(diag(observed(f, l)))[n])
  put(paste0("each_", l), "", "log_likelihood", logLik(f))
  p <- predict(f, data.frame(fin = 0, age = 25, prio = 3, mar = 0, period = sort(unique(open$period))), type = "response")
  put(paste0("each_", l), c(10, 20, 52), "survival", sapply(c(10, 20, 52), function(t) prod(1 - p[sort(unique(open$period)) <= t])))
  k <- quantile(log(sort(unique(open$period))), 0:4 / 4)
  f <- glm(left ~ ns(log(period), knots = k[2:4], Boundary.knots = k[c(1, 5)]) + fin + age + prio + mar, binomial(l), long, control = deep)
  put(paste0("smooth_", l), n, "estimate", coef(f)[n]); put(paste0("smooth_", l), n, "std_error", sqrt(diag(observed(f, l)))[n])
  put(paste0("smooth_", l), "", "log_likelihood", logLik(f))
  z <- model.matrix(delete.response(terms(f)), data.frame(fin = 0, age = 25, prio = 3, mar = 0, period = c(10, 20)))
  p <- list(fit = z %*% coef(f), se.fit = sqrt(diag(z %*% observed(f, l) %*% t(z))))
  put(paste0("smooth_", l), c(10, 20), "predictor", p$fit); put(paste0("smooth_", l), c(10, 20), "predictor_std_error", p$se.fit)
}

rossi$why <- factor(ifelse(rossi$arrest == 0, "stayed", ifelse(i %% 3 > 0, "price", "moved")), c("stayed", "price", "moved"))
rossi$id <- i
multi <- coxph(Surv(week, why) ~ fin + age + prio, rossi, id = id, control = tight)
put("reasons", names(coef(multi)), "estimate", coef(multi))
# survfit of a multi-state coxph centres by half the means in survival 3.5-3 (multi$means), so that its hazards are too low;
# so the hazards of two single fits are put together here, by the matrix exponential of each step.
single <- lapply(c(price = "price", moved = "moved"), function(r) coxph(Surv(week, why == r) ~ fin + age + prio, rossi, control = tight))
for (k in 1:2) {
  hazards <- sapply(single, function(f) { s <- survfit(f, data.frame(fin = k - 1, age = 25, prio = 3)); approx(c(0, s$time), c(0, s$cumhaz), 0:52, method = "constant")$y })
  step <- apply(hazards, 2, diff); p <- c(1, 0, 0); path <- NULL
  for (t in 1:52) {
    a <- matrix(0, 3, 3); a[1, 2:3] <- step[t, ]; a[1, 1] <- -sum(step[t, ])
    e <- diag(3); term <- diag(3); for (n in 1:30) { term <- term %*% a / n; e <- e + term }
    p <- drop(p %*% e); path <- rbind(path, p)
  }
  for (r in 1:3) put(paste0("reasons_", k), c(10, 20, 52), c("survival", "price", "moved")[r], path[c(10, 20, 52), r])
}

write.csv(rows, paste0(out, "models.csv"), row.names = FALSE, quote = FALSE)
write.csv(heart, paste0(out, "heart.csv"), row.names = FALSE, quote = FALSE)
write.csv(lung_rows, paste0(out, "lung.csv"), row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("survival", packageVersion("survival")), format(Sys.Date())), paste0(out, "models-made-with.txt"))
