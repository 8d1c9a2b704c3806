import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["dist", "node_modules", "src/api/schema.d.ts"] },
    ...tseslint.configs.recommended,
    reactHooks.configs.flat.recommended,
);
