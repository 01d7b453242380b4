"""Writers of captions behind one small interface."""
