"""The backend of Calanque: pages, JSON API and jobs; it holds no key."""
