"""What the page is made of: its templates and styles, and the functions that prepare each part for them."""
