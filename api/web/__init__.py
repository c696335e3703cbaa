"""The dashboard: pages rendered here, with plotly.js from its package; no build step, no CDN."""
