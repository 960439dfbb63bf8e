"""OpenAI and every compatible endpoint, through the official SDK over its aiohttp transport."""
