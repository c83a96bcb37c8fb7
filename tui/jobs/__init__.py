"""Long work with progress and cancel, outliving every screen."""
