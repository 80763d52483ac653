# Reference numbers for scores on whole times, where many leave and are lost from sight at once, written out in base R and
# with survfit and glm alone. Run in the root of the project: Rscript tests/reference/survival/scores.R
library(survival)
folder <- "tests/reference/survival"
set.seed(3)
n <- 500
x <- rnorm(n)
ends <- ceiling(12 * rexp(n) * exp(-0.7 * x))
seen <- sample(3:24, n, TRUE)
d <- data.frame(duration = pmin(ends, seen), churned = ends <= seen)
h <- 8
d$p <- round(1 - exp(-h / 12 * exp(0.7 * x)), 6)
write.csv(d, file.path(folder, "scores_ties.csv"), row.names = FALSE)
# The share in sight just before t: leaving first, then being lost from sight.
before <- function(t) prod(1, vapply(sort(unique(d$duration[d$duration < t])), function(s) {
  stayed <- sum(d$duration >= s) - sum(d$duration == s & d$churned)
  if (stayed == 0) 1 else 1 - sum(d$duration == s & !d$churned) / stayed }, 0))
left <- d$churned & d$duration <= h
stayed <- d$duration > h | (d$duration == h & !d$churned)
w <- ifelse(left, 1 / sapply(d$duration, before), ifelse(stayed, 1 / before(h), 0))
brier <- sum(w * (left - d$p)^2) / n
auc <- 0; total <- 0
for (i in which(left)) for (j in which(stayed)) {
  total <- total + w[i]; auc <- auc + w[i] * ((d$p[i] > d$p[j]) + 0.5 * (d$p[i] == d$p[j])) }
km <- summary(survfit(Surv(duration, churned) ~ 1, d), times = h)
u <- log(-log1p(-d$p)); u <- (u - mean(u)) / sqrt(mean((u - mean(u))^2))
k <- quantile(u, c(.05, .35, .65, .95))
term <- function(j) (pmax(u - k[j], 0)^3 - pmax(u - k[3], 0)^3 * (k[4] - k[j]) / (k[4] - k[3]) +
  pmax(u - k[4], 0)^3 * (k[3] - k[j]) / (k[4] - k[3])) / (k[4] - k[1])^2
fit <- suppressWarnings(glm(left ~ u + term(1) + term(2), quasibinomial, weights = w, control = list(epsilon = 1e-14)))
smooth <- plogis(cbind(1, u, term(1), term(2)) %*% coef(fit))
gap <- abs(d$p - smooth)
top <- order(-d$p)[1:(n / 10)]
atop <- summary(survfit(Surv(duration, churned) ~ 1, d[top, ]), times = h)$surv
rest <- summary(survfit(Surv(duration, churned) ~ 1, d[-top, ]), times = h)$surv
out <- data.frame(score = c("brier", "auc", "expected_observed", "ici", "lift"),
  estimate = c(brier, auc / total, mean(d$p) / (1 - km$surv), mean(gap), (1 - atop) / (0.1 * (1 - atop) + 0.9 * (1 - rest))))
out$estimate <- formatC(out$estimate, digits = 12, format = "g")
write.csv(out, file.path(folder, "scores_ties_expected.csv"), row.names = FALSE, quote = FALSE)
