# Reference numbers for the repurchase family, from likelihoods and integrals written out here, with base R alone.
# Run in the root of the project: Rscript tests/reference/repurchase/cdnow.R
# The likelihoods are those of the papers, without any of the rearrangements that the package makes; expectations are
# integrals over the posterior of the drop-out probability, without hypergeometric functions.

orders <- read.csv("data/cdnow.csv", colClasses = c("character", "Date", "numeric", "numeric", "integer"))
orders <- orders[orders$sample == 1, ]
last <- as.Date("1997-09-30")
seen <- aggregate(amount ~ customer_id + date, orders[orders$date <= last, ], sum)
seen <- seen[order(seen$customer_id, seen$date), ]
rfm <- do.call(rbind, lapply(split(seen, seen$customer_id), function(d) data.frame(
  x = nrow(d) - 1, tx = as.numeric(max(d$date) - min(d$date)) / 7, T = as.numeric(last - min(d$date)) / 7,
  m = if (nrow(d) > 1) mean(d$amount[-1]) else NA)))

bgnbd <- function(p, x, tx, T) {
  r <- p[1]; alpha <- p[2]; a <- p[3]; b <- p[4]
  stay <- lbeta(a, b + x) - lbeta(a, b) + lgamma(r + x) - lgamma(r) + r * log(alpha) - (r + x) * log(alpha + T)
  gone <- lbeta(a + 1, b + x - 1) - lbeta(a, b) + lgamma(r + x) - lgamma(r) + r * log(alpha) - (r + x) * log(alpha + tx)
  ifelse(x > 0, pmax(stay, gone) + log1p(exp(-abs(stay - gone))), stay)
}
gg <- function(p, x, m) {
  lgamma(p[1] * x + p[2]) - lgamma(p[1] * x) - lgamma(p[2]) + p[2] * log(p[3]) + (p[1] * x - 1) * log(m) +
    p[1] * x * log(x) - (p[1] * x + p[2]) * log(p[3] + m * x)
}
maximum <- function(ll, start) {
  f <- function(u) -ll(exp(u))
  u <- log(start)
  for (i in 1:6) u <- optim(u, f, method = if (i %% 2) "Nelder-Mead" else "BFGS", control = list(reltol = 1e-15, maxit = 5000))$par
  hessian <- optimHess(u, f, control = list(ndeps = rep(1e-4, length(u))))
  list(par = exp(u), se = exp(u) * sqrt(diag(solve(hessian))), ll = ll(exp(u)))
}
with(rfm, {
  fit <- maximum(function(p) sum(bgnbd(p, x, tx, T)), c(1, 5, 1, 2))
  repeated <- x > 0
  spend <- maximum(function(p) sum(gg(p, x[repeated], m[repeated])), c(5, 3, 10))
  p <- fit$par
  cases <- expand.grid(x = c(0, 1, 2, 7, 29), share = c(0.2, 0.7, 1), T = c(20, 38.857142857), h = c(1, 39))
  cases$tx <- ifelse(cases$x == 0, 0, cases$share * cases$T)
  cases <- unique(cases[, c("x", "tx", "T", "h")])
  shift <- function(x, tx, T, h) exp(bgnbd(p, x, tx, T + h) - bgnbd(p, x, tx, T))
  cases$probability <- with(cases, 1 - shift(x, tx, T, h))
  cases$p_alive <- with(cases, exp(lbeta(p[3], p[4] + x) - lbeta(p[3], p[4]) + lgamma(p[1] + x) - lgamma(p[1]) +
    p[1] * log(p[2]) - (p[1] + x) * log(p[2] + T) - bgnbd(p, x, tx, T)))
  cases$orders <- mapply(function(x, tx, T, h, alive) {
    inside <- function(u) dbeta(u, p[3], p[4] + x) * -expm1(-(p[1] + x) * log1p(u * h / (p[2] + T))) / u
    alive * integrate(function(v) inside(exp(v)) * exp(v), -40, 0, rel.tol = 1e-11, subdivisions = 2000)$value
  }, cases$x, cases$tx, cases$T, cases$h, cases$p_alive)
  out <- "tests/reference/repurchase/"
  write.csv(data.frame(
    model = rep(c("bg_nbd", "gamma_gamma"), c(4, 3)), term = c("r", "alpha", "a", "b", "p", "q", "v"),
    estimate = signif(c(fit$par, spend$par), 9), std_error = signif(c(fit$se, spend$se), 6),
    log_likelihood = signif(rep(c(fit$ll, spend$ll), c(4, 3)), 12)), paste0(out, "fits.csv"), row.names = FALSE)
  write.csv(signif(cases, 12), paste0(out, "predictions.csv"), row.names = FALSE)
  writeLines(c(R.version.string, paste("customers", nrow(rfm)), paste("repeat orders", sum(x))), paste0(out, "made-with.txt"))
})
