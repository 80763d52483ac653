# Proportional odds: MASS::polr on housing (counts) and on the ordered answers of a simulated table; Brant's test by its
# formula from binary logits.
suppressMessages(library(MASS))
options(digits = 15)
fit <- polr(Sat ~ Infl + Type + Cont, weights = Freq, data = housing, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
print(coef(summary(fit)))
cat("deviance", format(fit$deviance, digits = 15), "\n")
d <- read.csv("ordinal_answers.csv")
d$y <- factor(d$recommend)
fit <- polr(y ~ delivery + price, data = d, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
print(coef(summary(fit))); cat("deviance", format(fit$deviance, digits = 15), "\n")
write.csv(data.frame(term = rownames(coef(summary(fit))), coef(summary(fit))[, 1:2]), "polr.csv", row.names = FALSE)
probabilities <- predict(fit, data.frame(delivery = c(2, 9), price = c(8, 3)), type = "probs")
print(probabilities)
levels <- sort(unique(d$recommend)); X <- cbind(1, d$delivery, d$price); J <- length(levels)
b <- list(); pi <- list(); inv <- list()
for (j in 1:(J - 1)) {
  g <- glm(I(d$recommend > levels[j]) ~ delivery + price, family = binomial, data = d, control = list(epsilon = 1e-14, maxit = 100))
  b[[j]] <- coef(g)[-1]; pi[[j]] <- fitted(g); inv[[j]] <- solve(t(X) %*% (X * (pi[[j]] * (1 - pi[[j]]))))
}
p <- 2; V <- matrix(0, p * (J - 1), p * (J - 1))
for (l in 1:(J - 1)) for (m in l:(J - 1)) {
  W <- pi[[m]] - pi[[l]] * pi[[m]]
  block <- (inv[[l]] %*% t(X) %*% (X * W) %*% inv[[m]])[-1, -1]
  V[(l - 1) * p + 1:p, (m - 1) * p + 1:p] <- block; V[(m - 1) * p + 1:p, (l - 1) * p + 1:p] <- t(block)
}
D <- cbind(kronecker(matrix(1, J - 2, 1), diag(p)), -kronecker(diag(J - 2), diag(p))); beta <- unlist(b)
cat("omnibus", format(drop(t(D %*% beta) %*% solve(D %*% V %*% t(D)) %*% (D %*% beta)), digits = 15), "\n")
for (k in 1:p) {
  s <- seq(k, by = p, length.out = J - 1); Dk <- cbind(1, -diag(J - 2))
  cat("term", k, format(drop(t(Dk %*% beta[s]) %*% solve(Dk %*% V[s, s] %*% t(Dk)) %*% (Dk %*% beta[s])), digits = 15), "\n")
}
