"""What is printed: cards and stickers as accessible PDF (PDF/UA-1), set by typst."""
