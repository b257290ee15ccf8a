"""Windows: its native seams, and what is kept behind them."""
