# Reference numbers for the models of orders beside the BG/NBD model, with base R alone.
# Run in the root of the project: Rscript tests/reference/repurchase/models.R
# Likelihoods and forecasts are integrals and sums as the papers have them, without the rearrangements of the package: the
# Pareto/NBD likelihood by integrate() over the time of dropping out, all forecasts by integrate() over time.
# donations.csv: the donations of the 1995 cohort, Fader, Hardie and Shang (2010), table 1.

orders <- read.csv("data/cdnow.csv", colClasses = c("character", "Date", "numeric", "numeric", "integer"))
orders <- orders[orders$sample == 1, ]
last <- as.Date("1997-09-30")
seen <- aggregate(amount ~ customer_id + date, orders[orders$date <= last, ], sum)
seen <- seen[order(seen$customer_id, seen$date), ]
rfm <- do.call(rbind, lapply(split(seen, seen$customer_id), function(d) data.frame(
  x = nrow(d) - 1, tx = as.numeric(max(d$date) - min(d$date)) / 7, T = as.numeric(last - min(d$date)) / 7,
  first = d$amount[1] / 10)))
out <- "tests/reference/repurchase/"

mbg <- function(p, x, tx, T) {
  r <- p[1]; alpha <- p[2]; a <- p[3]; b <- p[4]
  front <- lgamma(r + x) - lgamma(r) + r * log(alpha)
  stay <- lbeta(a, b + x + 1) - lbeta(a, b) - (r + x) * log(alpha + T)
  gone <- lbeta(a + 1, b + x) - lbeta(a, b) - (r + x) * log(alpha + tx)
  front + pmax(stay, gone) + log1p(exp(-abs(stay - gone)))
}
bg <- function(r, alpha, a, b, x, tx, T) {
  front <- lgamma(r + x) - lgamma(r) + r * log(alpha)
  stay <- lbeta(a, b + x) - lbeta(a, b) - (r + x) * log(alpha + T)
  gone <- lbeta(a + 1, b + pmax(x, 1) - 1) - lbeta(a, b) - (r + x) * log(alpha + tx)
  front + ifelse(x > 0, pmax(stay, gone) + log1p(exp(-abs(stay - gone))), stay)
}
silence <- function(r, alpha, s, beta, x, tx, T) {  # relative to its value at t_x
  if (T <= tx) return(0)
  f <- function(u) exp(-(r + x) * log((alpha + u) / (alpha + tx)) - (s + 1) * log((beta + u) / (beta + tx)))
  tryCatch(integrate(f, tx, T, rel.tol = 1e-10, subdivisions = 1000)$value, error = function(e) NaN)
}
pareto <- function(r, alpha, s, beta, x, tx, T) {
  n <- length(x)
  alpha <- rep_len(alpha, n); beta <- rep_len(beta, n)
  gone <- mapply(function(alpha, beta, x, tx, T) silence(r, alpha, s, beta, x, tx, T), alpha, beta, x, tx, T)
  edge <- -(r + x) * log(alpha + tx) - (s + 1) * log(beta + tx)
  lgamma(r + x) - lgamma(r) + r * log(alpha) + s * log(beta) +
    log(exp(-(r + x) * log(alpha + T) - s * log(beta + T) - edge) + s * gone) + edge
}
bgbb <- function(p, x, tx, n) mapply(function(x, tx, n) {
  front <- -lbeta(p[1], p[2]) - lbeta(p[3], p[4])
  alive <- lbeta(p[1] + x, p[2] + n - x) + lbeta(p[3], p[4] + n)
  i <- seq_len(n - tx) - 1
  gone <- lbeta(p[1] + x, p[2] + tx - x + i) + lbeta(p[3] + 1, p[4] + tx + i)
  front + log(sum(exp(c(alive, gone))))
}, x, tx, n)
maximum <- function(ll, start, positive) {  # positive parameters by their logarithm
  to <- function(u) ifelse(positive, exp(u), u)
  f <- function(u) { v <- -ll(to(u)); if (is.finite(v)) v else 1e10 }
  u <- ifelse(positive, log(start), start)
  for (i in 1:3) u <- optim(u, f, method = "BFGS", control = list(reltol = 1e-15, maxit = 500, ndeps = rep(1e-5, length(u))))$par
  h <- optimHess(u, f, control = list(ndeps = rep(1e-3, length(u))))
  list(par = to(u), se = ifelse(positive, exp(u), 1) * sqrt(diag(solve(h))), ll = -f(u))
}
row <- function(model, terms, fit) data.frame(model = model, term = terms, estimate = signif(fit$par, 9),
  std_error = signif(fit$se, 6), log_likelihood = signif(fit$ll, 12))
same <- aggregate(w ~ x + tx + T, transform(rfm, w = 1), sum)
donations <- read.csv(paste0(out, "donations.csv"))
yes <- rep(TRUE, 4)
fits <- rbind(
  row("mbg_nbd", c("r", "alpha", "a", "b"), with(same, maximum(function(p) sum(w * mbg(p, x, tx, T)), c(.5, 6, .9, 1.6), yes))),
  row("pareto_nbd", c("r", "alpha", "s", "beta"),
    with(same, maximum(function(p) sum(w * pareto(p[1], p[2], p[3], p[4], x, tx, T)), c(.55, 10.6, .6, 11.7), yes))),
  row("bg_bb", c("alpha", "beta", "gamma", "delta"), with(donations,
    maximum(function(p) sum(weight * bgbb(p, frequency, recency, T)), c(1.2, .75, .65, 2.8), yes))),
  row("bg_nbd_covariate", c("r", "alpha", "a", "b", "alpha.first", "a.first", "b.first"), with(rfm, maximum(function(p)
    sum(bg(p[1], p[2] * exp(-p[5] * first), p[3] * exp(p[6] * first), p[4] * exp(p[7] * first), x, tx, T)),
    c(.25, 4.5, .8, 2.5, 0, 0, 0), c(yes, FALSE, FALSE, FALSE)))),
  row("pareto_nbd_covariate", c("r", "alpha", "s", "beta", "alpha.first", "beta.first"), with(rfm, maximum(function(p)
    sum(pareto(p[1], p[2] * exp(-p[5] * first), p[3], p[4] * exp(-p[6] * first), x, tx, T)),
    c(.55, 10.6, .6, 11.7, 0, 0), c(yes, FALSE, FALSE)))))
write.csv(fits, paste0(out, "models-fits.csv"), row.names = FALSE)

p <- c(.55, 10.5, .6, 11.7)
cases <- expand.grid(x = c(0, 1, 2, 7, 29), share = c(0.2, 0.7, 1), T = c(20, 40), h = c(1, 39))
cases$tx <- ifelse(cases$x == 0, 0, cases$share * cases$T)
cases <- unique(cases[, c("x", "tx", "T", "h")])
area <- function(f, to) integrate(f, 0, to, rel.tol = 1e-11, subdivisions = 2000)$value
forecast <- function(x, tx, T, h) {
  r <- p[1] + x; A <- p[2] + T; s <- p[3]; B <- p[4] + T
  edge <- -r * log(p[2] + tx) - (s + 1) * log(p[4] + tx)
  here <- exp(-r * log(A) - s * log(B) - edge)
  alive <- here / (here + s * silence(p[1], p[2], s, p[4], x, tx, T))
  stay <- function(u) (B / (B + u))^s
  count <- function(n) dnbinom(n, r, A / (A + h)) * stay(h) +
    area(function(u) dnbinom(n, r, A / (A + u)) * s / (B + u) * stay(u), h)
  c(alive, alive * r / A * area(stay, h), alive * area(function(u) r / A * (A / (A + u))^(r + 1) * stay(u), h),
    alive * count(1), alive * count(4), alive * r / A * area(function(u) stay(u) * 1.002^-u, 20000))
}
values <- t(mapply(forecast, cases$x, cases$tx, cases$T, cases$h))
colnames(values) <- c("p_alive", "estimate", "probability", "once", "four_times", "discounted")
write.csv(signif(cbind(cases, values), 12), paste0(out, "pareto-forecasts.csv"), row.names = FALSE)
