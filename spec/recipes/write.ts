import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, recipesPage } from './page.ts'

// npm run docs:recipes: writes docs/recipes/README.md from the recipes.

writeFileSync(join(folder, 'README.md'), recipesPage())
